/** The decoding room's door. */
export { applyDefaults, type ModelDefaults, readGenerationConfig } from "./generation-config.ts"
export { drawingKey, randomSeed } from "./seeds.ts"
export {
  type GenerationSettings,
  generationSettingsSchema,
  type ResolvedSettings,
  resolveSettings,
} from "./settings.ts"
export { type MatchedPiece, StopMatcher } from "./stop-matcher.ts"
