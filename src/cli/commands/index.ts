/** Every command, in the order of `--help`. */
import type { Command } from "../command.ts"
import { benchGenerate } from "./bench-generate.ts"
import { benchKernels } from "./bench-kernels.ts"
import { benchLearn } from "./bench-learn.ts"
import { benchTokenizer } from "./bench-tokenizer.ts"
import { benchTrain } from "./bench-train.ts"
import { chat } from "./chat.ts"
import { convert } from "./convert.ts"
import { doctor } from "./doctor.ts"
import { generate } from "./generate.ts"
import { pretrain } from "./pretrain.ts"
import { score } from "./score.ts"
import { speedrun } from "./speedrun.ts"
import { tokenizerDecode } from "./tokenizer-decode.ts"
import { tokenizerEncode } from "./tokenizer-encode.ts"
import { tokenizerExplain } from "./tokenizer-explain.ts"
import { tokenizerReport } from "./tokenizer-report.ts"
import { tokenizerTrain } from "./tokenizer-train.ts"

export const COMMANDS: readonly Command[] = [
  speedrun,
  pretrain,
  generate,
  chat,
  score,
  convert,
  tokenizerTrain,
  tokenizerEncode,
  tokenizerDecode,
  tokenizerExplain,
  tokenizerReport,
  benchTrain,
  benchLearn,
  benchGenerate,
  benchTokenizer,
  benchKernels,
  doctor,
]
