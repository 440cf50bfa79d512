/** Timing of operations against the machine's roofs. Loads the cases of every operation, so import it only to time. */
export { type OpTime, type TimeOpsOptions, timedOps, timeOps } from "./time-ops.ts"
