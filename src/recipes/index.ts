/** The recipes room's door: schema and loader of run settings. */
export {
  loadRecipe,
  parseRecipe,
  parseRecipeText,
  type RecipeOptions,
  type RecipeOverride,
  readOverride,
} from "./load.ts"
export { printRecipe } from "./print.ts"
export { modelOfDepth, pretrainSettingsOf, type Recipe, resolveRecipe, sizeOfModel } from "./resolve.ts"
export { type RecipeFile, type RecipeInput, recipeSchema, type SpeedrunSettings } from "./schema.ts"
