/** What is held against what: a comparison is data, one program of ours, one of a peer, and figures that both print. */
import type { PeerName } from "./peers.ts"
import type { Command } from "./program.ts"

/** What `npm run bench:peers -- NAME…` chooses from, in the order they run. */
export const GROUPS = ["start", "train", "memory", "learn", "generate", "tokenizers"] as const
export type Group = (typeof GROUPS)[number]

export type Unit = "tokens/s" | "MB/s" | "s" | "bytes" | "nats" | "times" | "share"

/**
 * What a bar is set for, and what stands in a row's third column:
 * - `speedup`: how many times faster than the peer (rates: ours / theirs; seconds: theirs / ours)
 * - `share`: ours / theirs
 * - `value`: our own number
 */
export type Measure = "speedup" | "share" | "value"

/** The promise that a row is held to. */
export type Bar = { readonly atLeast: number } | { readonly atMost: number }

/** A number that the programs print, and a row of the table. */
export interface Figure {
  /** Names the row in tables and files; no two are alike. */
  readonly name: string
  /** Of the JSON that the programs print, or of what is measured about every program (see `Reading`). */
  readonly key: string
  readonly unit: Unit
  readonly measure: Measure
  readonly bar?: Bar
  /** How the values of the pairs become one; ratios are always the median. */
  readonly average?: "median" | "mean"
  /** A number that depends on no machine: its bar counts everywhere. */
  readonly isSameEverywhere?: boolean
}

export interface Comparison {
  readonly group: Group
  readonly figures: readonly Figure[]
  /** Our program for a pair, counted from 0. */
  ours(pair: number): Command
  readonly peer?: { readonly name: PeerName; command(pair: number): Command }
  /** What this comparison needs and this machine lacks, in one sentence; undefined when it can run. */
  readonly lacks?: string | undefined
  /** Makes files that the programs read, where they are not there yet. */
  prepare?(): Promise<void>
}

/** What the table of comparisons is made for. */
export interface Settings {
  /** Small sizes and few steps: whether everything runs, not how fast. */
  readonly isQuick: boolean
  /** Threads of ours and of the peer. */
  readonly threads: number
  /** Folder of texts (`GLOSSA_DATA`). */
  readonly dataFolder: string | undefined
  /** Folder for files made on the way, kept from run to run. */
  readonly workFolder: string
}
