/** `glossa convert`: a model in another form: model folders, GGUF files, and checkpoints of llama2.c on the way in. */
import { resolve } from "node:path"
import {
  familyOf,
  importLlama2c,
  openStoredModel,
  type StoredModel,
  writeGgufModel,
  writeModelFolder,
} from "../../models/index.ts"
import { AutoTokenizer, ggufTokenizer, hasTokenizer, type Tokenizer, tokenizerFromLlama2c } from "../../text/index.ts"
import {
  badFlag,
  type Call,
  COMMON_FLAGS,
  choiceFlag,
  defineCommand,
  type FlagValues,
  JSON_FLAG,
  requiredText,
  textFlag,
} from "../command.ts"
import { readFileBytes } from "../read-file.ts"
import { notice, printJson, printLine, type Terminal } from "../terminal.ts"
import { grouped } from "../wording.ts"

const flags = {
  model: textFlag("--model <path>", "the model: a model folder or a GGUF file"),
  from: choiceFlag("--from <format>", "what the checkpoint was made by, where there is no --model", ["llama2c"]),
  checkpoint: textFlag("--checkpoint <file>", "its weights: llama2.c's first layout (stories260K.bin)"),
  tokenizer: textFlag("--tokenizer <file>", "its tokenizer (tok512.bin); without one the model takes and gives ids"),
  to: choiceFlag("--to <format>", "what to write (folder)", ["folder", "gguf"]),
  dtype: choiceFlag("--dtype <kind>", "numbers of a folder (f32)", ["f32", "bf16"]),
  type: choiceFlag("--type <kind>", "numbers of a GGUF file (f32)", ["f32", "f16", "q8_0", "q4_0"]),
  out: requiredText("--out <path>", "the folder or the GGUF file to write"),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

export const convert = defineCommand({
  flags,
  example: "glossa convert --model runs/speedrun --to gguf --type q8_0 --out speedrun.gguf",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    checkFlags(given)
    if (given.model === undefined) await fromLlama2c(given, terminal)
    else if (given.to === "gguf") await toGguf(given.model, given, terminal)
    else await toFolder(given.model, given, terminal)
  },
})

type Given = FlagValues<typeof flags>

/** Flags that contradict each other are told before anything is read. */
function checkFlags({ model, from, checkpoint, tokenizer, to = "folder", dtype, type, out }: Given): void {
  if (model === undefined) {
    if (from === undefined) throw badFlag("--model", "a model (--model), or llama2c's with --from llama2c", "")
    if (checkpoint === undefined) throw badFlag("--checkpoint", "the weights of llama2.c", "")
    if (to !== "folder") throw badFlag("--to", "folder, for a checkpoint of llama2.c", to, "convert the folder then")
  } else {
    const foreign = { "--from": from, "--checkpoint": checkpoint, "--tokenizer": tokenizer }
    for (const [flag, value] of Object.entries(foreign))
      if (value !== undefined) throw badFlag(flag, "nothing beside --model", value)
    if (resolve(model) === resolve(out)) throw badFlag("--out", "another place than the model's", out)
  }
  if (to === "folder" && type !== undefined) throw badFlag("--type", "nothing for a folder", type, "use --dtype")
  if (to === "gguf" && dtype !== undefined) throw badFlag("--dtype", "nothing for a GGUF file", dtype, "use --type")
}

async function toGguf(path: string, { type: dtype = "f32", out, json }: Given, terminal: Terminal): Promise<void> {
  // Read first, so that a damaged tokenizer leaves no half of a model behind.
  const tokenizer = await tokenizerOf(path)
  await withModel(path, terminal, async (model) => {
    const { vocabularySize } = model.family.describe(model.config)
    const written = tokenizer && ggufTokenizer(tokenizer, vocabularySize)
    for (const line of written?.notices ?? []) notice(terminal, line)
    await writeGgufModel(out, model, { dtype, ...(written ? { tokenizer: written.values } : {}) })
    tell(model, { out, json }, terminal)
  })
}

async function toFolder(path: string, { dtype = "f32", out, json }: Given, terminal: Terminal): Promise<void> {
  const tokenizer = await tokenizerOf(path)
  await withModel(path, terminal, async (model) => {
    await writeModelFolder(out, model, { dtype })
    await tokenizer?.save(out)
    tell(model, { out, json }, terminal)
  })
}

async function tokenizerOf(path: string): Promise<Tokenizer | undefined> {
  return (await hasTokenizer(path)) ? AutoTokenizer.fromPretrained(path) : undefined
}

async function withModel(path: string, terminal: Terminal, body: (model: StoredModel) => Promise<void>): Promise<void> {
  const model = await openStoredModel(path)
  try {
    for (const line of model.notices) notice(terminal, line)
    await body(model)
  } finally {
    await model.close()
  }
}

/** What was written, in one line. */
function tell(
  { family, config }: Pick<StoredModel, "family" | "config">,
  { out, json }: Pick<Given, "out" | "json">,
  terminal: Terminal,
): void {
  const { modelType, layers, width, context, vocabularySize } = family.describe(config)
  if (json) printJson(terminal, { out, layers, width, context, vocabulary_size: vocabularySize })
  else printLine(terminal, `${modelType}, ${layers} layers of width ${width}, context ${context}: ${out}`)
}

async function fromLlama2c({ checkpoint = "", tokenizer: path, dtype, out, json }: Given, terminal: Terminal) {
  const tokenizer =
    path === undefined ? undefined : tokenizerFromLlama2c(await readFileBytes(path, "a tokenizer of llama2.c"), path)
  const config = await importLlama2c(checkpoint, out, dtype ? { dtype } : {})
  await tokenizer?.save(out)
  const tokens = tokenizer?.vocabularySize ?? config.vocab_size
  if (tokens !== config.vocab_size)
    notice(terminal, `The tokenizer has ${grouped(tokens)} ids, the model ${grouped(config.vocab_size)}.`)
  tell({ family: familyOf(config.model_type), config }, { out, json }, terminal)
}
