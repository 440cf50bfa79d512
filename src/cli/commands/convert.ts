/** `glossa convert`: a model of another program's format becomes a model folder. */
import { readFile } from "node:fs/promises"
import { GlossaError } from "../../errors.ts"
import { importLlama2c } from "../../models/index.ts"
import { type Tokenizer, tokenizerFromLlama2c } from "../../text/index.ts"
import {
  badFlag,
  type Call,
  COMMON_FLAGS,
  choiceFlag,
  defineCommand,
  JSON_FLAG,
  requiredText,
  textFlag,
} from "../command.ts"
import { notice, printJson, printLine } from "../terminal.ts"
import { grouped } from "../wording.ts"

const flags = {
  from: choiceFlag("--from <format>", "what the checkpoint was made by", ["llama2c"]),
  checkpoint: requiredText("--checkpoint <file>", "the weights: llama2.c's first layout (stories260K.bin)"),
  tokenizer: textFlag("--tokenizer <file>", "its tokenizer (tok512.bin); without one the model takes and gives ids"),
  dtype: choiceFlag("--dtype <kind>", "numbers that are written (f32)", ["f32", "bf16"]),
  out: requiredText("--out <folder>", "folder for the model"),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

export const convert = defineCommand({
  name: "convert",
  summary: "Turn a model of another program into a model folder.",
  flags,
  example: "glossa convert --from llama2c --checkpoint stories260K.bin --tokenizer tok512.bin --out models/stories260k",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    if (given.from === undefined) throw badFlag("--from", "llama2c", "")
    // Read first, so that a damaged tokenizer leaves no half of a model behind.
    const tokenizer = given.tokenizer === undefined ? undefined : await readTokenizer(given.tokenizer)
    const config = await importLlama2c(given.checkpoint, given.out, given.dtype ? { dtype: given.dtype } : {})
    await tokenizer?.save(given.out)
    const tokens = tokenizer?.vocabularySize ?? config.vocab_size
    if (tokens !== config.vocab_size)
      notice(terminal, `The tokenizer has ${grouped(tokens)} ids, the model ${grouped(config.vocab_size)}.`)
    const { num_hidden_layers: layers, hidden_size: width, max_position_embeddings: context } = config
    if (given.json) printJson(terminal, { out: given.out, layers, width, context, vocabulary_size: config.vocab_size })
    else printLine(terminal, `llama, ${layers} layers of width ${width}, context ${context}: ${given.out}`)
  },
})

async function readTokenizer(path: string): Promise<Tokenizer> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const came = code === "ENOENT" ? "no such file" : message
    throw new GlossaError("FILE_UNREADABLE", { where: path, wanted: "a tokenizer of llama2.c", came, cause })
  }
  return tokenizerFromLlama2c(bytes, path)
}
