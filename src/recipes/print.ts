/** A resolved recipe as YAML: the whole of it, each key with its explanation, so that it reads and runs as a recipe. */
import { Document, isMap, isScalar, type YAMLMap } from "yaml"
import type { z } from "zod"
import { innerShape } from "./load.ts"
import type { Recipe } from "./resolve.ts"
import { recipeSchema } from "./schema.ts"

/** The recipe as YAML that can be loaded again and gives the same recipe. */
export function printRecipe(recipe: Recipe): string {
  const order = Object.keys(recipeSchema.shape)
  const known = Object.entries(recipe).filter(([, value]) => value !== undefined)
  const sorted = known.sort(([left], [right]) => order.indexOf(left) - order.indexOf(right))
  const document = new Document(Object.fromEntries(sorted))
  if (isMap(document.contents)) explain(document.contents, recipeSchema)
  return document.toString({ lineWidth: 0 })
}

/** Puts each key's description above it. */
function explain(map: YAMLMap, schema: z.ZodType): void {
  const shape = innerShape(schema)
  map.items.forEach((pair, index) => {
    if (!isScalar(pair.key)) return
    const field = shape[String(pair.key.value)]
    if (!field) return
    if (field.description) pair.key.commentBefore = ` ${field.description}`
    if (isMap(pair.value)) {
      if (Object.keys(innerShape(field)).length > 0 && index > 0) pair.key.spaceBefore = true
      explain(pair.value, field)
    } else if (pair.value && typeof pair.value === "object" && "flow" in pair.value) pair.value.flow = true
  })
}
