/** `glossa tokenizer encode`: the ids of a text, or of standard input byte for byte. */
import { AutoTokenizer } from "../../text/index.ts"
import { type Call, COMMON_FLAGS, defineCommand, JSON_FLAG, requiredText, switchFlag, textFlag } from "../command.ts"
import { printJson, printLine, readAll } from "../terminal.ts"

const flags = {
  tokenizer: requiredText("--tokenizer <path>", "folder with tokenizer.json, GGUF file or SentencePiece .model"),
  text: textFlag("--text <text>", "the text; standard input, byte for byte, when left out"),
  bare: switchFlag("--bare", "only the text's own ids, without the token that begins a text"),
  parseSpecialTokens: switchFlag(
    "--parse-special-tokens",
    "read special tokens written out in the text as those tokens",
  ),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

export const tokenizerEncode = defineCommand({
  flags,
  example: "glossa tokenizer encode --tokenizer runs/speedrun --json < README.md",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const tokenizer = await AutoTokenizer.fromPretrained(given.tokenizer)
    const options = { addSpecialTokens: !given.bare, parseSpecialTokens: given.parseSpecialTokens }
    const bytes = given.text === undefined ? await readAll(terminal) : Buffer.from(given.text, "utf8")
    const ids = tokenizer.encodeBytes(bytes, options)
    if (given.json) printJson(terminal, { ids })
    else printLine(terminal, ids.join(" "))
  },
})
