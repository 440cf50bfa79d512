/** Arrays in JavaScript's memory: what goes into programs and comes out of them. */

/** What a program gives back: always float32 (bf16 widened) or int32. */
export type HostArray = Float32Array | Int32Array

/** What a program takes. Plain numbers are for scalars and short lists. */
export type HostInput = HostArray | readonly number[] | number
