/** Every command, in the order of `--help`. The file of one is read when it is asked for: few commands need everything. */
import type { CommandEntry } from "../command.ts"

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "speedrun",
    summary: "From plain text to a tokenizer, a model, text and a report, in five minutes.",
    words: [{ syntax: "[files...]", summary: "further files for --text, as a shell makes of a pattern" }],
    load: async () => (await import("./speedrun.ts")).speedrun,
  },
  {
    name: "pretrain",
    summary: "Train a model on text as a recipe says.",
    words: [{ syntax: "<recipe>", summary: "YAML file, such as recipes/tiny.yaml" }],
    load: async () => (await import("./pretrain.ts")).pretrain,
  },
  {
    name: "generate",
    summary: "Continue a prompt.",
    load: async () => (await import("./generate.ts")).generate,
  },
  {
    name: "chat",
    summary: "Type a beginning; the model goes on.",
    load: async () => (await import("./chat.ts")).chat,
  },
  {
    name: "score",
    summary: "Log-probabilities of given ids or text, in nats.",
    load: async () => (await import("./score.ts")).score,
  },
  {
    name: "convert",
    summary: "Turn a model into another form: model folder, GGUF file; from llama2.c, too.",
    load: async () => (await import("./convert.ts")).convert,
  },
  {
    name: "tokenizer train",
    summary: "Learn a tokenizer from text: BPE, Unigram or WordPiece.",
    words: [{ syntax: "<files...>", summary: "files, folders, patterns or npm:PACKAGE" }],
    load: async () => (await import("./tokenizer-train.ts")).tokenizerTrain,
  },
  {
    name: "tokenizer encode",
    summary: "Turn text into ids.",
    load: async () => (await import("./tokenizer-encode.ts")).tokenizerEncode,
  },
  {
    name: "tokenizer decode",
    summary: "Turn ids back into text.",
    load: async () => (await import("./tokenizer-decode.ts")).tokenizerDecode,
  },
  {
    name: "tokenizer explain",
    summary: "Show how a text becomes ids: what is cut, what is merged or matched, and in what order.",
    words: [{ syntax: "[text]", summary: "the text; standard input, byte for byte, when left out" }],
    load: async () => (await import("./tokenizer-explain.ts")).tokenizerExplain,
  },
  {
    name: "tokenizer report",
    summary: "Bytes per token on prose, code, numbers and other languages, beside GPT-2, cl100k, o200k and Llama-3.",
    load: async () => (await import("./tokenizer-report.ts")).tokenizerReport,
  },
  {
    name: "bench train",
    summary: "Tokens per second of training steps: GPT-2 family, AdamW, clipping, random tokens.",
    load: async () => (await import("./bench-train.ts")).benchTrain,
  },
  {
    name: "bench learn",
    summary: "Validation loss over time: a small GPT learns a text character by character.",
    load: async () => (await import("./bench-learn.ts")).benchLearn,
  },
  {
    name: "bench generate",
    summary: "Tokens per second of reading prompts and of writing on, greedily.",
    load: async () => (await import("./bench-generate.ts")).benchGenerate,
  },
  {
    name: "bench tokenizer",
    summary: "Megabytes of text encoded per second.",
    load: async () => (await import("./bench-tokenizer.ts")).benchTokenizer,
  },
  {
    name: "bench kernels",
    summary: "Time, bytes, operations and share of the roof of each operation at a model's sizes.",
    load: async () => (await import("./bench-kernels.ts")).benchKernels,
  },
  {
    name: "doctor",
    summary: "What this machine is, which executor serves and why, and what the machine can do at best.",
    load: async () => (await import("./doctor.ts")).doctor,
  },
]
