/**
 * From a checkpoint's tensors to a model's parameters: names that lack or have the family's prefix, tied copies, buffers
 * that old files hold. Whatever does not fit is told at once, in one error.
 */
import { GlossaError } from "../../errors.ts"
import type { Family, ModelConfig } from "../families/index.ts"
import type { ParameterSpec, Parameters } from "../layers/index.ts"
import type { Checkpoint } from "./checkpoint.ts"

/** Which tensor of the checkpoint fills each parameter, by parameter path. */
export type ParameterSources = ReadonlyMap<string, string>

export interface CheckpointMatch<Config> {
  /** The config as the tensors have it: a tie whose two copies differ is cut. */
  readonly config: Config
  readonly sources: ParameterSources
  /** What a person should know, one sentence each. */
  readonly notices: readonly string[]
}

/**
 * Finds the tensor of every parameter.
 *
 * @throws CHECKPOINT_MISMATCH naming some of the tensors that are missing, unexpected or of another shape
 */
export async function matchCheckpoint<Config extends ModelConfig>(
  family: Family<Config>,
  config: Config,
  checkpoint: Checkpoint,
  where: string,
): Promise<CheckpointMatch<Config>> {
  const { prefix, ignored } = family.checkpoint
  const names = checkpoint.names.filter((name) => !ignored.some((pattern) => pattern.test(name)))
  const tied = Object.entries(family.checkpoint.tied(config))
  const specs = family.parameterSpecs(config)
  const known = new Set([...specs.map(({ path }) => path), ...tied.map(([copy]) => copy)])
  const sources = new Map<string, string>()
  const unexpected: string[] = []
  for (const name of names) {
    const path = [name, prefix + name, name.startsWith(prefix) ? name.slice(prefix.length) : name].find((candidate) =>
      known.has(candidate),
    )
    if (path === undefined || sources.has(path)) unexpected.push(name)
    else sources.set(path, name)
  }
  for (const [copy, original] of tied) {
    const copySource = sources.get(copy)
    const originalSource = sources.get(original)
    if (copySource === undefined) continue
    if (originalSource === undefined) sources.set(original, copySource)
    else if (!(await checkpoint.same(copySource, originalSource))) {
      const untied = family.checkpoint.untied(config)
      const match = await matchCheckpoint(family, untied, checkpoint, where)
      const notice = `${where}: ${copySource} and ${originalSource} differ, so they are not tied.`
      return { ...match, notices: [notice, ...match.notices] }
    }
    sources.delete(copy)
  }
  checkFit(specs, sources, unexpected, checkpoint, where)
  return { config, sources, notices: [] }
}

/** Fills the parameters, one tensor in memory at a time. */
export async function fillParameters(
  parameters: Parameters,
  sources: ParameterSources,
  checkpoint: Checkpoint,
): Promise<void> {
  for (const [path, name] of sources) await parameters.get(path).write(await checkpoint.read(name))
}

function checkFit(
  specs: readonly ParameterSpec[],
  sources: ParameterSources,
  unexpected: readonly string[],
  checkpoint: Checkpoint,
  where: string,
): void {
  const missing: string[] = []
  const misshapen: string[] = []
  for (const { path, shape } of specs) {
    const name = sources.get(path)
    if (name === undefined) missing.push(path)
    else if (checkpoint.tensor(name).shape.join() !== shape.join())
      misshapen.push(`${name} [${checkpoint.tensor(name).shape.join(", ")}] for [${shape.join(", ")}]`)
  }
  const faults = [told("missing", missing), told("unexpected", unexpected), told("of another shape", misshapen)]
  const came = faults.filter((fault) => fault !== undefined).join("; ")
  if (came)
    throw new GlossaError("CHECKPOINT_MISMATCH", {
      where,
      wanted: `the ${specs.length} tensors that config.json describes`,
      came,
      fix: "check that config.json belongs to these weights",
    })
}

const NAMED = 3

function told(kind: string, names: readonly string[]): string | undefined {
  if (!names.length) return undefined
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ""
  return `${names.length} ${kind} (${names.slice(0, NAMED).join(", ")}${more})`
}
