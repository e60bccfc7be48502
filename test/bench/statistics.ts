/** Order statistics of small samples. */

/** The q-quantile (0…1) by linear interpolation; NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  const position = (sorted.length - 1) * q
  const below = Math.floor(position)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN
  return low + (high - low) * (position - below)
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export type Distribution = { readonly medianMs: number; readonly p99Ms: number; readonly worstMs: number }

export function distribution(times: readonly number[]): Distribution {
  return { medianMs: median(times), p99Ms: quantile(times, 0.99), worstMs: Math.max(...times) }
}
