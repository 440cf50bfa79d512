/** The assistant room's door. */
export {
  type Generated,
  type GeneratedPiece,
  type GenerateOptions,
  TextGenerator,
  type TextGeneratorOptions,
} from "./text-generator.ts"
