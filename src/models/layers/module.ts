/** The part of a model under one path: its parameters by their short names, and the trace scope of that name. */
import { type State, scope } from "../../engine/index.ts"
import type { Parameters } from "./parameters.ts"

export class Module {
  private readonly parameters: Parameters
  /** Path from the top of the checkpoint; empty at the top. */
  readonly path: string

  constructor(parameters: Parameters, path = "") {
    this.parameters = parameters
    this.path = path
  }

  /** The parameter `name` of this module. @throws CHECKPOINT_MISMATCH when there is none */
  get(name: string): State {
    return this.parameters.get(this.pathOf(name))
  }
  /** The parameter `name`, or undefined where this model has none: an optional bias. */
  find(name: string): State | undefined {
    const path = this.pathOf(name)
    return this.parameters.has(path) ? this.parameters.get(path) : undefined
  }
  /** Traces `body` as the module `name` inside this one, so that errors and prints name it. */
  within<T>(name: string, body: (module: Module) => T): T {
    return scope(name, () => body(new Module(this.parameters, this.pathOf(name))))
  }

  private pathOf(name: string): string {
    return this.path ? `${this.path}.${name}` : name
  }
}
