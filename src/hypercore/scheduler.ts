/**
 * Weighted max-min fair shares of the processors (water-filling; Bertsekas & Gallager, Data Networks, 6.5.2): nobody
 * gets more than they want or may have, and nobody gets less than their weight's part while another gets more.
 *
 * ```
 *   percent │     ┌───┐ cap
 *           │     │   │        ┌───┐
 *     level ┼─────│▒▒▒│────────│▒▒▒│──── × weight
 *           │┌───┐│▒▒▒│┌───┐   │▒▒▒│
 *           ││▒▒▒││▒▒▒││▒▒▒│   │▒▒▒│     ▒ = share, up to demand, cap or level
 *           └┴───┴┴───┴┴───┴───┴───┴──
 * ```
 * What is granted is not the share but what the domain may take without anyone losing theirs: the lower of cap and
 * level × weight. An idle guest that wakes is then served at once, and the next round (a quarter second) adjusts.
 */

export type Claim = {
  /** Percent of one core it would use if nobody else ran, 0–100. */
  readonly demandPercent: number
  /** 1–100. */
  readonly capPercent: number
  /** Above 0. */
  readonly weight: number
}

export type Allotment = {
  /** Percent of one core that it is expected to use. All shares together fit the processors. */
  readonly sharePercent: number
  /** Percent of one core that it may use, a whole number, 1–100. */
  readonly grantPercent: number
}

function wanted(claim: Claim): number {
  return Math.min(claim.demandPercent, claim.capPercent)
}

/** Percent per unit of weight at which the claims fill `capacity`; Infinity where they leave some of it. */
function waterLevel(capacity: number, claims: readonly Claim[]): number {
  const ascending = claims.toSorted((a, b) => wanted(a) / a.weight - wanted(b) / b.weight)
  let left = capacity
  let weights = claims.reduce((sum, { weight }) => sum + weight, 0)
  for (const claim of ascending) {
    const level = left / weights
    if (wanted(claim) > level * claim.weight) return level
    left -= wanted(claim)
    weights -= claim.weight
  }
  return Infinity
}

/** Allotments in the order of `claims`, over `processors` cores. */
export function allot(processors: number, claims: readonly Claim[]): Allotment[] {
  const level = waterLevel(processors * 100, claims)
  return claims.map((claim) => {
    const entitled = Math.min(claim.capPercent, level * claim.weight)
    return {
      sharePercent: Math.min(entitled, claim.demandPercent),
      grantPercent: Math.min(100, Math.max(1, Math.round(entitled))),
    }
  })
}
