/** `glossa tokenizer decode`: the very bytes of ids. */
import { AutoTokenizer } from "../../text/index.ts"
import {
  badFlag,
  type Call,
  COMMON_FLAGS,
  defineCommand,
  idsFlag,
  JSON_FLAG,
  requiredText,
  switchFlag,
} from "../command.ts"
import { printJson, readAll, type Terminal } from "../terminal.ts"

const flags = {
  tokenizer: requiredText("--tokenizer <path>", "folder with tokenizer.json, GGUF file or SentencePiece .model"),
  ids: idsFlag("--ids <ids>", 'token ids, such as 1,2,3; standard input (also as {"ids": […]}) when left out'),
  skipSpecialTokens: switchFlag("--skip-special-tokens", "leave tokens out that stand for structure"),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

export const tokenizerDecode = defineCommand({
  flags,
  example: "glossa tokenizer decode --tokenizer runs/speedrun --ids 86,311,450",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const tokenizer = await AutoTokenizer.fromPretrained(given.tokenizer)
    const ids = given.ids ?? (await readIds(terminal))
    const options = { skipSpecialTokens: given.skipSpecialTokens }
    if (given.json) printJson(terminal, { text: tokenizer.decode(ids, options) })
    else terminal.output.write(tokenizer.decodeBytes(ids, options))
  },
})

/** Ids as `encode` prints them, either way. */
async function readIds(terminal: Terminal): Promise<number[]> {
  const text = Buffer.from(await readAll(terminal)).toString("utf8")
  const ids = (text.match(/^\s*\{.*"ids"\s*:\s*\[([^\]]*)\]/s)?.[1] ?? text).split(/[\s,]+/).filter(Boolean)
  const wrong = ids.find((id) => !/^\d+$/.test(id))
  if (wrong !== undefined) throw badFlag("--ids", "token ids on standard input", wrong.slice(0, 40))
  return ids.map(Number)
}
