import { GlossaError } from "../errors.ts"

/** The error of a file that is not what it was when it was written. */
export function damaged(where: string, wanted: string, came: string, fix = "fetch or save it again"): GlossaError {
  return new GlossaError("CHECKPOINT_DAMAGED", { where, wanted, came, fix })
}
