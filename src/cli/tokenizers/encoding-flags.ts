/** Flags of the commands that turn one text into ids. */
import { offSwitchFlag, requiredText, switchFlag } from "../command.ts"

export const ENCODING_FLAGS = {
  tokenizer: requiredText("--tokenizer <path>", "folder with tokenizer.json, GGUF file or SentencePiece .model"),
  specialTokens: offSwitchFlag(
    "--no-special-tokens",
    "only the text's own ids, without tokens that begin or end a text",
  ),
  parseSpecialTokens: switchFlag(
    "--parse-special-tokens",
    "read special tokens written out in the text as those tokens",
  ),
}
