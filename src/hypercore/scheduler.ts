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
 *
 * The browser compiles guests' code in threads of its own, which nobody can hold back once they have work: unbounded, they took
 * 1.5 of two processors for a minute, and the page, its frames and the guests stood in line behind them. So a domain has a
 * part for that, too: a fifth of what it may execute or its part of what all of them leave, whichever is more, and never more
 * than it may execute.
 */

/**
 * Where guests want more than there is, the page and the browser's own threads keep half a processor, or a quarter of the only
 * one: each key and each frame passes through half a dozen of those.
 */
const KEPT_PROCESSORS = 0.5

/** What guests may have, of so many processors. */
export function guestProcessors(processors: number): number {
  return Math.max(processors - KEPT_PROCESSORS, 0.75 * processors)
}

/** Of a grant, for compiling, where nothing is left over. */
const COMPILE_PART = 0.2
/** A mixed run of a single guest took 54 s with 0.3 of a processor, 49 with 0.8 and 61 without a bound (one run each). */
const MOST_COMPILE_PERCENT = 40
/** Percent: what is spare changes with each round, and not every change is worth a message. */
const COMPILE_STEP = 10

export type Claim = {
  /** Percent of one core it would use if nobody else ran, 0–100. */
  readonly demandPercent: number
  /** 1–100. */
  readonly capPercent: number
  /** Above 0. */
  readonly weight: number
}

/** What a domain may use from now on. */
export type Granted = Pick<Allotment, 'grantPercent' | 'compilePercent'>

export type Allotment = {
  /** Percent of one core that it is expected to use. All shares together fit the processors. */
  readonly sharePercent: number
  /** Percent of one core that it may use, a whole number, 1–100. */
  readonly grantPercent: number
  /** Percent of one core that the browser may use to compile its code, a multiple of 10. */
  readonly compilePercent: number
}

/** Until the first round, a quarter of a second at most. */
export function firstGrant(capPercent: number): Granted {
  return { grantPercent: capPercent, compilePercent: Math.min(MOST_COMPILE_PERCENT, capPercent) }
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
  const granted = claims.map((claim) => {
    const entitled = Math.min(claim.capPercent, level * claim.weight)
    return {
      sharePercent: Math.min(entitled, claim.demandPercent),
      grantPercent: Math.min(100, Math.max(1, Math.round(entitled))),
    }
  })
  const used = granted.reduce((sum, { sharePercent }) => sum + sharePercent, 0)
  const spare = processors * 100 - used
  return granted.map(({ sharePercent, grantPercent }) => {
    const left = used > 0 ? (spare * sharePercent) / used : spare
    const most = Math.min(MOST_COMPILE_PERCENT, grantPercent)
    const compile = Math.min(most, Math.max(COMPILE_PART * grantPercent, left))
    return {
      sharePercent,
      grantPercent,
      compilePercent: Math.max(COMPILE_STEP, Math.round(compile / COMPILE_STEP) * COMPILE_STEP),
    }
  })
}
