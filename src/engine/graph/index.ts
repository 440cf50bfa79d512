export * from "./definition.ts"
export * from "./graph.ts"
export * from "./node.ts"
export * from "./print.ts"
export {
  apply,
  applyAll,
  applyAt,
  asTensor,
  atPath,
  constant,
  constantOp,
  input,
  inputName,
  inputOp,
  scope,
  stateOp,
  trace,
} from "./trace.ts"
