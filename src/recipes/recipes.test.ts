import { readdirSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import type { z } from "zod"
import { GlossaError } from "../errors.ts"
import {
  loadRecipe,
  parseRecipe,
  parseRecipeText,
  pretrainSettingsOf,
  printRecipe,
  readOverride,
  recipeSchema,
} from "./index.ts"
import { innerShape } from "./load.ts"

const corpus = { sources: ["a.txt"] }

function errorOf(action: () => unknown): GlossaError {
  try {
    action()
  } catch (error) {
    if (error instanceof GlossaError) return error
    throw error
  }
  throw new Error("no error")
}

describe("recipes of the repository", () => {
  const files = readdirSync("recipes").filter((name) => name.endsWith(".yaml"))
  it.each(files)("%s loads, and its print gives the same recipe", async (file) => {
    const recipe = await loadRecipe(`recipes/${file}`)
    expect(pretrainSettingsOf(recipe).steps).toBeGreaterThan(0)
    expect(parseRecipe(parse(printRecipe(recipe)))).toEqual(recipe)
  })
})

describe("the schema", () => {
  const undocumented = (schema: z.ZodType, path: string): string[] =>
    Object.entries(innerShape(schema)).flatMap(([key, field]) => [
      ...(field.description ? [] : [`${path}${key}`]),
      ...undocumented(field, `${path}${key}.`),
    ])
  it("explains every key", () => {
    expect(undocumented(recipeSchema, "")).toEqual([])
  })
})

describe("what a recipe leaves out", () => {
  it("follows from depth", () => {
    const { model, training, output } = parseRecipe({ corpus, depth: 8 }, { name: "mine" })
    expect(model).toMatchObject({ hidden_size: 256, num_hidden_layers: 8, intermediate_size: 704 })
    expect(training).toMatchObject({ context: 256, batchTokens: 8192, learningRate: 0.00212 })
    // 4096·256 + 8·(4·256² + 3·256·704 + 2·256) + 256 parameters, 20 tokens each, 8192 a step.
    expect(training.steps).toBe(
      Math.ceil((20 * (4096 * 256 + 8 * (4 * 256 ** 2 + 3 * 256 * 704 + 2 * 256) + 256)) / 8192),
    )
    expect(output).toBe("runs/mine")
  })
  it("gives way to what the recipe says", () => {
    const { model, training } = parseRecipe({
      corpus,
      depth: 2,
      model: { hidden_size: 64 },
      training: { steps: 7, learningRate: 1e-4 },
    })
    expect(model).toMatchObject({ hidden_size: 64, num_hidden_layers: 2 })
    expect(training).toMatchObject({ steps: 7, learningRate: 1e-4 })
  })
  it("takes overrides of any part, by dotted keys", () => {
    const overrides = ["training.steps=3", "corpus.sources=[b.txt, c.txt]", "sample.prompt=1"].map(readOverride)
    overrides[2] = { ...overrides[2], value: "1" }
    const recipe = parseRecipe({ corpus, depth: 1, training: { steps: 9, seed: 2 } }, { overrides })
    expect(recipe.training).toMatchObject({ steps: 3, seed: 2 })
    expect(recipe.corpus.sources).toEqual(["b.txt", "c.txt"])
  })
})

describe("mistakes", () => {
  const bomb = `a: &a [x, x]\n${[..."bcdefghijk"].map((name, i) => `${name}: &${name} [${`*${"abcdefghij"[i]}, `.repeat(9)}]`).join("\n")}`
  it.each([
    ["an alias without its anchor", "depth: *a", /Unresolved alias/],
    ["aliases that multiply", bomb, /Excessive alias count/],
    ["values nested too deep", `depth: ${"[".repeat(2000)}`, /values nested too deep/],
    ["a key with a line end", '"de\\npth": 1', /recipe: de\\npth: wanted a key of a recipe/],
  ])("%s", (_, text, message) => {
    const error = errorOf(() => parseRecipeText(text))
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain("\n")
  })
  it.each([
    [{ corpus, dept: 1 }, "RECIPE_UNKNOWN_KEY", /dept: .*did you mean depth\?/],
    [{ corpus, depth: 1, training: { stepps: 1 } }, "RECIPE_UNKNOWN_KEY", /did you mean training\.steps\?/],
    [{ corpus, depth: 1, steps: 1 }, "RECIPE_UNKNOWN_KEY", /did you mean training\.steps\?/],
    [{ corpus, depth: 1, training: { schedule: { kin: 1 } } }, "RECIPE_UNKNOWN_KEY", /training\.schedule\.kind\?/],
    [{ depth: 1 }, "RECIPE_INVALID", /corpus: wanted an object of settings; came nothing/],
    [{ corpus, depth: -1 }, "RECIPE_INVALID", /depth: wanted a whole number from 1 to 64; came -1/],
    [{ corpus, depth: 1, training: { learningRate: 0 } }, "RECIPE_INVALID", /training\.learningRate: .*came 0/],
    [{ corpus }, "RECIPE_INVALID", /depth: wanted the size of the model; came nothing/],
    [{ corpus, from: "x", depth: 1 }, "RECIPE_INVALID", /from: /],
    [{ corpus, depth: 1, model: { num_attention_heads: 5 } }, "CONFIG_INVALID", /divides hidden_size; came 5 heads/],
    [{ corpus, depth: 1, model: { hidden_siz: 5 } }, "CONFIG_INVALID", /did you mean hidden_size\?/],
    [{ corpus, model: { model_type: "lama" } }, "FAMILY_UNKNOWN", /did you mean llama\?/],
    [{ corpus, tokenizer: { vocabularySize: 10 } }, "RECIPE_INVALID", /tokenizer\.vocabularySize: .*came 10/],
    ["text", "RECIPE_INVALID", /came "text"/],
  ])("%j is %s", (json, code, message) => {
    const error = errorOf(() => parseRecipe(json))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain("\n")
  })
  it("a missing file and a file that is not YAML", async () => {
    await expect(loadRecipe("recipes/none.yaml")).rejects.toMatchObject({ code: "FILE_UNREADABLE" })
    expect(errorOf(() => readOverride("depth")).code).toBe("COMMAND_INVALID")
    expect(errorOf(() => readOverride("depth=[")).code).toBe("RECIPE_INVALID")
  })
})
