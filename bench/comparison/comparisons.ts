/** Every comparison, in the order of the groups. */
import { type Comparison, GROUPS, type Group, type Settings } from "./comparison.ts"
import { generate } from "./groups/generate.ts"
import { learn } from "./groups/learn.ts"
import { memory } from "./groups/memory.ts"
import { start } from "./groups/start.ts"
import { tokenizers } from "./groups/tokenizers.ts"
import { train } from "./groups/train.ts"

const MAKERS: Readonly<Record<Group, (settings: Settings) => Comparison[]>> = {
  start,
  train,
  memory,
  learn,
  generate,
  tokenizers,
}

export function comparisons(settings: Settings, groups: readonly Group[] = GROUPS): Comparison[] {
  return GROUPS.filter((group) => groups.includes(group)).flatMap((group) => MAKERS[group](settings))
}
