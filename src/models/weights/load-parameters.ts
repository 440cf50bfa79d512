/**
 * From a checkpoint's tensors to a model's parameters: names that lack or have the family's prefix, tied copies, buffers
 * that old files hold. Whatever does not fit is told at once, in one error.
 */
import { isBlockDType } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import type { Family, ModelConfig } from "../families/index.ts"
import type { ParameterSpec, Parameters } from "../layers/index.ts"
import type { Checkpoint } from "./checkpoint.ts"
import type { StoredModel } from "./stored-model.ts"

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
  checkFit(specs, unexpected, where, "config.json", (path, wanted) => {
    const name = sources.get(path)
    return name === undefined ? undefined : { name, shape: checkpoint.tensor(name).shape, wanted }
  })
  return { config, sources, notices: [] }
}

/** Fills the parameters, one tensor in memory at a time: as blocks where the state is in blocks. */
export async function fillParameters(parameters: Parameters, stored: StoredModel): Promise<void> {
  for (const { path } of parameters.specs) {
    const state = parameters.get(path)
    const blocks = isBlockDType(state.dtype) ? stored.blocks.get(path) : undefined
    await state.write(blocks ? await blocks.read() : await stored.parameters.get(path).read())
  }
}

/** The tensor of a parameter, and the shape it should have. */
interface FoundTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly wanted: readonly number[]
}

/**
 * @param unexpected   tensors that belong to no parameter
 * @param describedBy  what says which tensors there should be
 * @param find         the tensor of a parameter, where there is one
 * @throws CHECKPOINT_MISMATCH naming some of the tensors that are missing, unexpected or of another shape
 */
export function checkFit(
  specs: readonly ParameterSpec[],
  unexpected: readonly string[],
  where: string,
  describedBy: string,
  find: (path: string, shape: readonly number[]) => FoundTensor | undefined,
): void {
  const missing: string[] = []
  const misshapen: string[] = []
  for (const { path, shape } of specs) {
    const found = find(path, shape)
    if (found === undefined) missing.push(path)
    else if (found.shape.join() !== found.wanted.join())
      misshapen.push(`${found.name} [${found.shape.join(", ")}] for [${found.wanted.join(", ")}]`)
  }
  const faults = [told("missing", missing), told("unexpected", unexpected), told("of another shape", misshapen)]
  const came = faults.filter((fault) => fault !== undefined).join("; ")
  if (came)
    throw new GlossaError("CHECKPOINT_MISMATCH", {
      where,
      wanted: `the ${specs.length} tensors that ${describedBy} describes`,
      came,
      fix: `check that ${describedBy} belongs to these weights`,
    })
}

const NAMED = 3

function told(kind: string, names: readonly string[]): string | undefined {
  if (!names.length) return undefined
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ""
  return `${names.length} ${kind} (${names.slice(0, NAMED).join(", ")}${more})`
}
