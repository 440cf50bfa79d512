/** Runs a comparison: ours and the peer's program in turn, pair after pair. */
import type { Comparison, Figure } from "./comparison.ts"
import { summarize } from "./pairs.ts"
import { type InstalledPeers, PEERS } from "./peers.ts"
import { type Command, type Reading, shownCommand } from "./program.ts"
import type { Row } from "./results.ts"

export interface Measuring {
  readonly pairs: number
  readonly peers: InstalledPeers
  readonly dataFolder: string | undefined
  /** Runs a program to its end; fails with a ProgramFailure. */
  run(command: Command): Promise<Reading>
}

/**
 * A row for each figure. What the machine lacks becomes the rows' note; a peer that is not installed is left out, and
 * ours runs alone.
 *
 * @throws ProgramFailure when a program fails
 */
export async function measure(comparison: Comparison, { pairs, peers, dataFolder, run }: Measuring): Promise<Row[]> {
  const { figures, lacks, peer } = comparison
  if (lacks) return figures.map((figure) => rowOf(comparison, figure, { ours: [], theirs: [], note: lacks }))
  const state = peer && peers.of(peer.name)
  const opponent = state?.missing ? undefined : peer
  await comparison.prepare?.()
  const readings: { ours: Reading[]; theirs: Reading[] } = { ours: [], theirs: [] }
  const shown = new Set<string>()
  const read = async (into: Reading[], command: Command) => {
    shown.add(shownCommand(command, dataFolder))
    into.push(await run(command))
  }
  for (let pair = 0; pair < pairs; pair++) {
    const turns = [() => read(readings.ours, comparison.ours(pair))]
    if (opponent) turns.push(() => read(readings.theirs, opponent.command(pair)))
    // Who begins changes, so that a machine that grows slower or faster favours nobody.
    for (const turn of pair % 2 ? turns.reverse() : turns) await turn()
  }
  return figures.map((figure) =>
    rowOf(comparison, figure, {
      ours: readings.ours.map((reading) => numberOf(reading, figure)),
      theirs: readings.theirs.map((reading) => numberOf(reading, figure)),
      commands: [...shown].sort(),
      ...(opponent && state?.version ? { peer: `${PEERS[opponent.name].title} ${state.version}` } : {}),
      ...(state?.missing ? { note: state.missing } : {}),
    }),
  )
}

function rowOf(
  { group }: Pick<Comparison, "group">,
  { name, unit, measure, average, bar, isSameEverywhere }: Figure,
  readings: Pick<Row, "ours" | "theirs" | "note" | "peer" | "commands">,
): Row {
  const summary = summarize({ measure, unit, ...(average ? { average } : {}) }, readings.ours, readings.theirs)
  return {
    group,
    name,
    unit,
    measure,
    ...(average ? { average } : {}),
    ...(bar ? { bar } : {}),
    ...(isSameEverywhere ? { isSameEverywhere } : {}),
    ...readings,
    ...(summary ? { summary } : {}),
  }
}

function numberOf(reading: Reading, { name, key }: Figure): number {
  const value = reading[key]
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Error(`${name}: a program printed no ${key}`)
  return value
}

/** Rows of a comparison that could not be measured. */
export function failedRows(comparison: Comparison, note: string): Row[] {
  return comparison.figures.map((figure) => rowOf(comparison, figure, { ours: [], theirs: [], note }))
}
