/** The engine's door: trace, differentiate, plan, run. */
export { accumulate, grad, gradientTerms, type RunningSum } from "./autodiff/index.ts"
export * from "./execute/index.ts"
export { constant, StateHandle, type StateUpdate, scope, Tensor, type TensorLike } from "./graph/index.ts"
export * from "./ops/index.ts"
export {
  BLOCK_INPUTS,
  type BlockDType,
  blockBytes,
  type Dimension,
  type DType,
  dequantizeRows,
  formatShape,
  fromBf16Bits,
  fromF16Bits,
  type HostArray,
  type HostInput,
  isBlockDType,
  quantizeRows,
  Rows,
  roundToBf16,
  rows,
  type Shape,
  toBf16Bits,
  toF16Bits,
} from "./tensor/index.ts"
