/** The switches that make the engine show its work. Each prints, or checks, something a person can read. */
import { GlossaError, nearestName } from "../../errors.ts"

const DEBUG_TOPICS = ["graph", "plan", "times"] as const
const CHECKS = ["finite", "memory"] as const

/** Whether GLOSSA_DEBUG names this topic: `graph` and `plan` print what compile made, `times` what each kernel took. */
export function debugging(topic: (typeof DEBUG_TOPICS)[number]): boolean {
  return switches("GLOSSA_DEBUG", DEBUG_TOPICS).includes(topic)
}

/** Whether GLOSSA_CHECK names this check: `finite` stops at the first NaN or infinity, `memory` poisons
 * freed places and watches the bytes around what each kernel writes.
 */
export function checking(check: (typeof CHECKS)[number]): boolean {
  return switches("GLOSSA_CHECK", CHECKS).includes(check)
}

function switches(variable: string, known: readonly string[]): string[] {
  const names = (process.env[variable] ?? "").split(",").filter(Boolean)
  for (const name of names)
    if (!known.includes(name)) {
      const nearest = nearestName(name, known)
      throw new GlossaError("COMMAND_INVALID", {
        where: variable,
        wanted: `some of ${known.join(", ")}`,
        came: name,
        ...(nearest ? { fix: `did you mean ${nearest}?` } : {}),
      })
    }
  return names
}
