/** `glossa tokenizer encode`: the ids of a text, or of standard input byte for byte. */
import { AutoTokenizer } from "../../text/index.ts"
import { type Call, COMMON_FLAGS, defineCommand, JSON_FLAG, textFlag } from "../command.ts"
import { printJson, printLine, readAll } from "../terminal.ts"
import { ENCODING_FLAGS } from "../tokenizers/encoding-flags.ts"

const flags = {
  ...ENCODING_FLAGS,
  text: textFlag("--text <text>", "the text; standard input, byte for byte, when left out"),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

export const tokenizerEncode = defineCommand({
  flags,
  example: "glossa tokenizer encode --tokenizer runs/speedrun --json < README.md",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const tokenizer = await AutoTokenizer.fromPretrained(given.tokenizer)
    const options = { addSpecialTokens: given.specialTokens, parseSpecialTokens: given.parseSpecialTokens }
    const bytes = given.text === undefined ? await readAll(terminal) : Buffer.from(given.text, "utf8")
    const ids = tokenizer.encodeBytes(bytes, options)
    if (given.json) printJson(terminal, { ids })
    else printLine(terminal, ids.join(" "))
  },
})
