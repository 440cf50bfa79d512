/** A plan as text, one line an instruction: what runs, on what, at which byte. */
import { formatShape } from "../tensor/index.ts"
import type { Operand } from "./instruction.ts"
import type { Plan } from "./plan.ts"

export function printPlan(plan: Plan): string {
  const lines = plan.instructions.map(({ kernel, outputs, inputs, guard, origin }, index) => {
    const condition = guard ? (guard.kind === "stale" ? " if stale" : ` if ${place(guard.operand, plan)}`) : ""
    const to = outputs.map((operand) => `${operand.value.dtype} ${formatShape(operand.shape)} ${place(operand, plan)}`)
    const from = inputs.map((operand) => place(operand, plan))
    return `${String(index).padStart(4)} ${kernel}${condition}: ${to.join(", ")} ← ${from.join(", ")}  # ${origin}`
  })
  lines.push(
    `arena ${plan.places.arenaBytes} bytes, constants ${plan.constantBytes}, commits at ${plan.commitInstruction}`,
  )
  return `${lines.join("\n")}\n`
}

function place(operand: Operand, plan: Plan): string {
  const { window } = operand
  return window ? `${home(operand, plan)}[${window.start}::${window.stride}]` : home(operand, plan)
}

function home({ value }: Operand, { places, exchangeOffsets }: Plan): string {
  const { home } = value
  if (home.kind === "arena") return `arena+${places.offsets.get(value)}`
  if (home.kind === "state") return home.state.path
  if (home.kind === "pack") return `pack(${home.pack.state.path}${home.pack.transposed ? "ᵀ" : ""})`
  if (home.kind === "output") return `output ${home.name}`
  return `${home.kind}+${exchangeOffsets.get(value)}`
}
