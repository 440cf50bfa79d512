/** The decoding room's door. */
export { drawingKey, randomSeed } from "./seeds.ts"
export {
  type GenerationSettings,
  generationSettingsSchema,
  type ResolvedSettings,
  resolveSettings,
} from "./settings.ts"
export { type MatchedPiece, StopMatcher } from "./stop-matcher.ts"
