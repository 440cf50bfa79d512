/**
 * Who may import whom. The table below is the whole rule; CI fails on an import it does not allow, on an import that
 * goes past a room's door (`index.ts`), and on a cycle between rooms. ARCHITECTURE.md's table is generated from it.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import { fileURLToPath } from "node:url"

export interface Room {
  readonly name: string
  readonly captions: string
  /** Rooms (or whole wings) this one may import, beside `errors`. */
  readonly mayImport: readonly string[]
}

const engineRooms = ["tensor", "graph", "ops", "autodiff", "plan", "execute"] as const

/** Rooms in the order the data flows. A wing without rooms listed counts as one room. */
export const ROOMS: readonly Room[] = [
  { name: "errors", captions: "one table of coded errors", mayImport: [] },
  { name: "stored-file", captions: "a file of numbers, read at any place", mayImport: [] },
  { name: "engine/tensor", captions: "dtypes, shapes, host arrays: plain data", mayImport: [] },
  { name: "engine/graph", captions: "nodes, tracing with module paths, verify, print", mayImport: ["engine/tensor"] },
  {
    name: "engine/ops",
    captions: "one file an op: shape rule, gradient, cost, float64 reference",
    mayImport: ["engine/tensor", "engine/graph"],
  },
  {
    name: "engine/autodiff",
    captions: "reverse mode, as more graph",
    mayImport: ["engine/tensor", "engine/graph", "engine/ops"],
  },
  {
    name: "engine/plan",
    captions: "precision, fusion, order, lifetimes, places in one arena",
    mayImport: ["engine/tensor", "engine/graph", "engine/ops", "engine/autodiff"],
  },
  {
    name: "engine/execute",
    captions: "executors (native, reference), programs, stores of state",
    mayImport: engineRooms.map((room) => `engine/${room}`),
  },
  {
    name: "engine/timing",
    captions: "operations at model sizes against the machine's roofs",
    mayImport: engineRooms.map((room) => `engine/${room}`),
  },
  { name: "engine", captions: "the engine's door", mayImport: engineRooms.map((room) => `engine/${room}`) },
  { name: "gguf", captions: "GGUF files: metadata and the bytes of tensors, in and out", mayImport: ["stored-file"] },
  {
    name: "text/tokenizers",
    captions: "BPE: train, encode, decode, tokenizer.json, GGUF's tokenizers",
    mayImport: ["gguf"],
  },
  {
    name: "text/corpus",
    captions: "sources, held-out split, packing, resumable loading",
    mayImport: ["text/tokenizers"],
  },
  { name: "text", captions: "the wing's door", mayImport: ["text/tokenizers", "text/corpus"] },
  { name: "models/layers", captions: "attention, norms, positions, feed-forward", mayImport: ["engine"] },
  {
    name: "models/families",
    captions: "one file a family: config, forward, checkpoint names",
    mayImport: ["engine", "models/layers"],
  },
  {
    name: "models/weights",
    captions: "safetensors, Hugging Face folders and GGUF files, in and out",
    mayImport: ["stored-file", "engine", "gguf", "models/layers", "models/families"],
  },
  {
    name: "models",
    captions: "the wing's door",
    mayImport: ["engine", "models/layers", "models/families", "models/weights"],
  },
  { name: "generation/cache", captions: "paged key-value cache", mayImport: ["engine", "models"] },
  { name: "generation/decoding", captions: "sampling settings and stop rules", mayImport: ["engine", "models"] },
  {
    name: "generation/scheduler",
    captions: "prefill and decode programs, many sequences at once",
    mayImport: ["engine", "models", "generation/cache", "generation/decoding"],
  },
  {
    name: "generation/assistant",
    captions: "joins model and tokenizer: text in, streamed text out",
    mayImport: ["engine", "text", "models", "generation/cache", "generation/decoding", "generation/scheduler"],
  },
  {
    name: "generation",
    captions: "the wing's door",
    mayImport: ["generation/cache", "generation/decoding", "generation/scheduler", "generation/assistant"],
  },
  { name: "training/optim", captions: "AdamW, schedules, clipping", mayImport: ["engine"] },
  { name: "training/objectives", captions: "what is learned: the causal loss", mayImport: ["engine", "models"] },
  {
    name: "training/loop",
    captions: "the one step loop: accumulation, logging, checkpoints, resume",
    mayImport: ["engine", "text", "models", "training/optim", "training/objectives"],
  },
  {
    name: "training/methods",
    captions: "one file each: pretrain",
    mayImport: ["engine", "text", "models", "generation", "training/optim", "training/objectives", "training/loop"],
  },
  {
    name: "training",
    captions: "the wing's door",
    mayImport: ["training/optim", "training/objectives", "training/loop", "training/methods"],
  },
  {
    name: "evaluation/metrics",
    captions: "bits per byte, and the byte models it is held against",
    mayImport: ["engine", "text", "models", "generation"],
  },
  {
    name: "evaluation/report",
    captions: "the report of a run, for terminals, pages and programs",
    mayImport: ["evaluation/metrics"],
  },
  { name: "evaluation", captions: "the wing's door", mayImport: ["evaluation/metrics", "evaluation/report"] },
  { name: "recipes", captions: "schema and loader of run settings (YAML)", mayImport: ["text", "models", "training"] },
  {
    name: "language-model",
    captions: "a model with its tokenizer, from a folder or a file",
    mayImport: ["engine", "text", "models", "generation"],
  },
  {
    name: "index",
    captions: "the package's door: the wings joined",
    mayImport: ["engine", "text", "models", "generation", "training", "evaluation", "recipes", "language-model"],
  },
  {
    name: "cli",
    captions: "one file a command; thin",
    mayImport: [
      "engine",
      "engine/timing",
      "text",
      "models",
      "generation",
      "training",
      "training/optim",
      "training/objectives",
      "training/loop",
      "evaluation",
      "recipes",
      "language-model",
    ],
  },
]

/** Files through which a room is entered; the second holds the cases of its operations. */
const DOORS = ["index.ts", "index.cases.ts"]

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..")
const source = join(root, "src")

/** A room of one file is its own door. */
function isDoor(path: string, { name }: Room): boolean {
  return path === join(source, `${name}.ts`) || DOORS.some((door) => path.endsWith(`${sep}${door}`))
}

/** The room a file of `src/` belongs to: the longest room name that is its path or a folder of it. */
export function roomOf(path: string): Room | undefined {
  const place = relative(source, path).split(sep).join("/").replace(/\.ts$/, "")
  const matches = ROOMS.filter((room) => place === room.name || place.startsWith(`${room.name}/`))
  return matches.sort((left, right) => right.name.length - left.name.length)[0]
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return sourceFiles(path)
    return path.endsWith(".ts") ? [path] : []
  })
}

/** Every broken rule, one line each. */
export function layerFaults(): string[] {
  const faults: string[] = []
  for (const file of sourceFiles(source)) {
    const room = roomOf(file)
    const name = relative(root, file)
    if (!room) {
      faults.push(`${name}: belongs to no room of scripts/check-layers.ts`)
      continue
    }
    const isTest = /\.(test|cases)\.ts$/.test(file)
    for (const [, specifier] of readFileSync(file, "utf8").matchAll(
      /^\s*(?:import|export)\b[^"']*?from\s+["'](\.[^"']+)["']/gm,
    )) {
      const target = resolve(dirname(file), specifier)
      const targetRoom = roomOf(target)
      if (!targetRoom) faults.push(`${name}: imports ${specifier}, which is in no room`)
      else if (targetRoom !== room && targetRoom.name !== "errors" && !isTest) {
        const throughDoor = isDoor(target, targetRoom)
        if (!room.mayImport.includes(targetRoom.name))
          faults.push(`${name}: ${room.name} may not import ${targetRoom.name}`)
        else if (!throughDoor) faults.push(`${name}: imports ${specifier} past the door of ${targetRoom.name}`)
      }
    }
  }
  return faults
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = layerFaults()
  for (const fault of faults) console.error(fault)
  console.log(`layers: ${faults.length} faults`)
  process.exitCode = faults.length ? 1 : 0
}
