/** `NFC`, `NFD`, `NFKC`, `NFKD`: Unicode's normalization forms. Raw bytes (lone surrogates) pass unchanged. */
import type { PartDefinition } from "../parts.ts"
import type { Normalizer } from "./index.ts"

function unicodeForm(form: "NFC" | "NFD" | "NFKC" | "NFKD"): PartDefinition<Normalizer> {
  return {
    type: form,
    build: () => ({ normalize: (text) => text.normalize(form), toJson: () => ({ type: form }) }),
  }
}

export const nfcNormalizer = unicodeForm("NFC")
export const nfdNormalizer = unicodeForm("NFD")
export const nfkcNormalizer = unicodeForm("NFKC")
export const nfkdNormalizer = unicodeForm("NFKD")
