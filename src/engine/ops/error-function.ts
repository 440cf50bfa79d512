/** The error function in float64: a Taylor series near zero, a continued fraction in the tails; relative error below 1e-14. */
export function erfOf(x: number): number {
  const size = Math.abs(x)
  if (Number.isNaN(x)) return x
  if (size > 6) return Math.sign(x)
  return size < 2.5 ? series(x) : Math.sign(x) * (1 - tail(size))
}

/** erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·5…(2n+1)): every term positive, so nothing cancels. */
function series(x: number): number {
  let term = x
  let total = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    total += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total
}

/** erfc x = e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))), from the inside out. */
function tail(x: number): number {
  let fraction = x
  for (let depth = 60; depth >= 1; depth--) fraction = x + depth / 2 / fraction
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction
}
