/**
 * `npm run bench:peers`: Glossa and its peers in turn on this machine. `-- train generate` runs only those groups,
 * `--rows bf16` only rows with that in their name, `--pairs 5` more pairs than three, `--quick` small sizes that show
 * whether everything runs and are not kept. Results go to bench/results, from which `npm run generate` writes the
 * README's table.
 */
import { spawnSync } from "node:child_process"
import { availableParallelism } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { PRESETS } from "../../src/cli/commands/bench-train.ts"
import { type Comparison, GROUPS, type Group } from "./comparison.ts"
import { comparisons } from "./comparisons.ts"
import { trainingName } from "./groups/train.ts"
import { busyCores } from "./load.ts"
import { bestMatmulRate, matmulShareRow } from "./matmul-share.ts"
import { failedRows, type Measuring, measure } from "./measure.ts"
import { findPeers, type InstalledPeers } from "./peers.ts"
import { type Command, command, type Reading, root, runProgram, shownCommand, withoutFolders } from "./program.ts"
import {
  type Machine,
  mergeRows,
  RESULTS_FOLDER,
  type Results,
  type Row,
  readResults,
  resultsName,
  writeResults,
} from "./results.ts"
import { rowLine } from "./table.ts"

const PAIRS = 3

const { values: given, positionals } = parseArgs({
  options: { pairs: { type: "string" }, rows: { type: "string" }, quick: { type: "boolean", default: false } },
  allowPositionals: true,
})

async function main(): Promise<void> {
  const groups = chosenGroups(positionals)
  const pairs = given.quick ? 1 : wholeNumber(given.pairs ?? String(PAIRS))
  const dataFolder = process.env["GLOSSA_DATA"] ? resolve(process.env["GLOSSA_DATA"]) : undefined
  const machine = await readMachine(dataFolder)
  print(
    `${machine.processor}, ${machine.cores} cores, AMX ${machine.amx ? "yes" : "no: ratios are reported and claim nothing"}`,
  )
  const { rows: inName = "" } = given
  const isWanted = ({ figures }: Comparison) => figures.some(({ name }) => name.includes(inName))
  const table = comparisons(
    {
      isQuick: given.quick,
      threads: availableParallelism(),
      dataFolder,
      workFolder: join(root, "build/bench"),
    },
    groups,
  ).filter(isWanted)
  const peers = findPeers()
  tellMissing(table, peers)

  const measuring: Measuring = { pairs, peers, dataFolder, run: (program) => run(program, peers, dataFolder) }
  const rows: Row[] = []
  const finished: Group[] = []
  const save = () => given.quick || keep({ machine, rows, finished })
  const add = (measured: readonly Row[]): void => {
    rows.push(...measured)
    for (const row of measured) print(rowLine(row, machine))
    save()
  }
  for (const group of groups) {
    for (const comparison of table.filter((each) => each.group === group))
      add(await measureOrTell(comparison, measuring))
    if (group === "train") add(await matmulShares(rows, machine, peers))
    if (given.rows === undefined) finished.push(group)
    save()
  }
  const failures = rows.filter(({ note }) => note?.startsWith(FAILED)).length
  if (failures > 0) print(`${failures} rows failed`)
  process.exitCode = failures > 0 ? 1 : 0
}

/** What the note of a row begins with whose program failed. */
const FAILED = "failed: "

/** The rows of a comparison; when a program fails, rows that say so. */
async function measureOrTell(comparison: Comparison, measuring: Measuring): Promise<Row[]> {
  const othersLoad = comparison.lacks ? undefined : await busyCores()
  let measured: Row[]
  try {
    measured = await measure(comparison, measuring)
  } catch (error) {
    const { message } = error as Error
    measured = failedRows(comparison, `${FAILED}${withoutFolders(message, measuring.dataFolder)}`)
  }
  return othersLoad === undefined ? measured : measured.map((row) => ({ ...row, othersLoad }))
}

function run(program: Command, peers: InstalledPeers, dataFolder: string | undefined): Promise<Reading> {
  if (process.stderr.isTTY) {
    const words = shownCommand(program, dataFolder)
    process.stderr.write(`\r\x1b[K${words.slice(0, process.stderr.columns - 1)}\r`)
  }
  return runProgram(program, peers.python)
}

async function readMachine(dataFolder: string | undefined): Promise<Machine> {
  const { process_seconds, first_line_seconds, peak_resident_bytes, ...facts } = await runProgram(
    command("glossa", "doctor", "--json"),
  )
  return JSON.parse(withoutFolders(JSON.stringify(facts), dataFolder)) as Machine
}

function chosenGroups(names: readonly string[]): Group[] {
  const unknown = names.find((name) => !(GROUPS as readonly string[]).includes(name))
  if (unknown !== undefined) throw new Error(`no group ${unknown}; there are ${GROUPS.join(", ")}`)
  return GROUPS.filter((group) => names.length === 0 || names.includes(group))
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--pairs: a whole number from 1 was wanted, ${text} came`)
  return number
}

/** One line for each peer that is not here, however many rows it has. */
function tellMissing(table: readonly Comparison[], peers: InstalledPeers): void {
  const names = new Set(table.flatMap(({ peer }) => peer?.name ?? []))
  for (const name of names) {
    const { missing } = peers.of(name)
    if (missing) print(missing)
  }
}

/** Training's share of the machine's matmul rate, for the presets whose matrices are large enough to reach it. */
async function matmulShares(rows: readonly Row[], machine: Machine, peers: InstalledPeers): Promise<Row[]> {
  const training = (["small", "base"] as const).flatMap((preset) => {
    const row = rows.find(({ name, ours }) => name === trainingName(preset, "bf16") && ours.length > 0)
    return row ? [{ preset, row }] : []
  })
  if (training.length === 0) return []
  const torch = peers.python
    ? await runProgram(command("python", "bench/peers/torch_matmul.py"), peers.python).catch((error: Error) => {
        print(`PyTorch's matmul was not measured: ${error.message}`)
        return undefined
      })
    : undefined
  const rate = bestMatmulRate(machine, torch?.["matmul_bf16_gflops"] as number | undefined)
  return training.map(({ preset, row }) => matmulShareRow(row, preset, PRESETS[preset], rate))
}

/** Puts the rows into today's file of this machine. */
function keep(run: { machine: Machine; rows: readonly Row[]; finished: readonly Group[] }): void {
  const measured = new Date().toISOString()
  const path = join(root, RESULTS_FOLDER, resultsName(measured, run.machine.processor))
  const commit = spawnSync("git", ["describe", "--always", "--dirty"], { cwd: root, encoding: "utf8" }).stdout?.trim()
  const results: Results = {
    version: 1,
    measured,
    machine: run.machine,
    commit: commit || "unknown",
    rows: mergeRows(readResults(path)?.rows ?? [], run.rows, run.finished),
  }
  writeResults(path, results)
}

function print(line: string): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K")
  console.log(line)
}

try {
  await main()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 2
}
