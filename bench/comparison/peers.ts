/** The programs that Glossa is held against: whether they are installed, and how to install them. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./program.ts"

export const PEERS = {
  pytorch: {
    title: "PyTorch",
    install: "apt-get install -y python3-torch libopenblas0, or PYTHON=… names a Python that has it",
  },
  "llama.cpp": {
    title: "llama.cpp (node-llama-cpp)",
    package: "node-llama-cpp",
    install: "npm ci --prefix bench/peers",
  },
  "gpt-tokenizer": { title: "gpt-tokenizer", package: "gpt-tokenizer", install: "npm ci --prefix bench/peers" },
  "hugging-face": {
    title: "Hugging Face tokenizers (Rust)",
    package: "@anush008/tokenizers",
    install: "npm ci --prefix bench/peers",
  },
  "one-thread": { title: "Glossa on one thread", install: "npm run build" },
} as const satisfies Record<string, Peer>

interface Peer {
  readonly title: string
  /** Of npm, installed in bench/peers; those without one are found in other ways. */
  readonly package?: string
  readonly install: string
}

export type PeerName = keyof typeof PEERS

/** The installed version of a peer, or a sentence that says how to install it. */
export interface PeerState {
  readonly version?: string
  readonly missing?: string
}

export interface InstalledPeers {
  of(name: PeerName): PeerState
  /** The Python that has PyTorch, if one has. */
  readonly python: string | undefined
}

/** Looks for each peer once, when it is first asked for. */
export function findPeers(): InstalledPeers {
  const torch = onceOnly(findTorch)
  const states = new Map<PeerName, PeerState>()
  const find = (name: PeerName): PeerState => {
    if (name === "pytorch") return stateOfTorch(torch())
    if (name === "one-thread") return stateOf(name, manifestVersion(root))
    return stateOf(name, manifestVersion(join(peerModules, PEERS[name].package)))
  }
  return {
    of(name) {
      const state = states.get(name) ?? find(name)
      states.set(name, state)
      return state
    },
    get python() {
      return torch()?.python
    },
  }
}

function stateOf(name: PeerName, version: string | undefined): PeerState {
  const { title, install } = PEERS[name]
  return version === undefined ? { missing: `${title} is not installed: ${install}` } : { version }
}

/** Debian's PyTorch takes any BLAS, also the reference one, which would make a peer of float32 that nobody uses. */
function stateOfTorch(torch: FoundTorch | undefined): PeerState {
  if (torch?.hasReferenceBlas)
    return { missing: "PyTorch has only the reference BLAS, many times slower: apt-get install -y libopenblas0" }
  return stateOf("pytorch", torch?.version)
}

interface FoundTorch {
  readonly python: string
  readonly version: string
  readonly hasReferenceBlas: boolean
}

/** Prints the version, and whether Debian's folder of the reference BLAS is where products come from (Linux tells). */
const TORCH_PROBE = `
import os, torch
maps = "/proc/self/maps"
print(torch.__version__)
print("/blas/libblas.so" in open(maps).read() if os.path.exists(maps) else False)
`

/** Debian's PyTorch belongs to the system's Python, which need not be the first on the path. */
function findTorch(): FoundTorch | undefined {
  for (const python of [process.env["PYTHON"], "python3", "/usr/bin/python3"].filter((each) => each !== undefined)) {
    const { status, stdout } = spawnSync(python, ["-c", TORCH_PROBE], { encoding: "utf8" })
    if (status !== 0) continue
    const [version, hasReferenceBlas] = stdout.trim().split("\n")
    return { python, version, hasReferenceBlas: hasReferenceBlas === "True" }
  }
  return undefined
}

/** The version in the package.json of a folder, if there is one. */
function manifestVersion(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version
  } catch {
    return undefined
  }
}

/** Where the packages of bench/peers are, once installed. */
export const peerModules = join(root, "bench/peers/node_modules")

function onceOnly<Result>(make: () => Result): () => Result {
  let made: { readonly result: Result } | undefined
  return () => (made ??= { result: make() }).result
}
