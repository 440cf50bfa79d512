import { scope, type Tensor } from "../../engine/index.ts"
import { type CausalLanguageModel, packedAttention, tokenLosses } from "../../models/index.ts"
import type { Objective, PackedInputs } from "./objective.ts"

/**
 * Predicting each next token from those before it in its sequence.
 *
 *   loss = −log softmax(hidden · outputWeightᵀ)[target]        nats a row; ignored targets cost nothing
 *
 * A mask over prompts (fine-tuning on answers alone) is IGNORED_TARGET in the targets.
 */
export const causal: Objective = {
  name: "causal",
  rowLosses(model: CausalLanguageModel, { tokens, targets, positions, sequenceStart }: PackedInputs): Tensor {
    const hidden = model.hidden({ tokens, positions, attention: packedAttention(sequenceStart) })
    return scope("loss", () => tokenLosses(hidden, model.outputWeight, targets))
  },
}
