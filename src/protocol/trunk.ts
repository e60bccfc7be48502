/**
 * The trunk: what machines say to each other, over a channel between tabs or between two browsers. IPv4 packets as they
 * left a guest, and who is there; no Ethernet, so that no machine's MAC addresses matter to another.
 *
 * ```
 * join    ── hello(wants) ──►   every 5 s and on every change   ── hello ──►     leave   ── bye ──►
 *         ◄── hello ─────                                       ◄── packet ──►
 * ```
 * Everything of it is another machine's word and hostile until it is checked.
 */

export const TRUNK_VERSION = 1

/** Guests that one machine tells of; it has no more ports than that. */
export const TRUNK_MAX_STATIONS = 32

/** Of Ethernet: the longest IPv4 packet. */
const LONGEST_PACKET = 1500
const SHORTEST_PACKET = 20

/** A guest with a network card: its domain's id, and its address as a number. */
export type TrunkStation = { readonly name: string; readonly address: number }

export type TrunkMessage =
  /** `machine` is 1–250; `wants` an answer of the same kind. */
  | {
      readonly kind: 'hello'
      readonly version: typeof TRUNK_VERSION
      readonly machine: number
      readonly stations: readonly TrunkStation[]
      readonly wants: boolean
    }
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  | { readonly kind: 'bye'; readonly machine: number }

/** What the page shows. */
export type TrunkReport = {
  /** This machine's own number. */
  readonly machine: number
  /** Whether other tabs of this browser are joined. */
  readonly tabs: boolean
  readonly machines: readonly {
    readonly machine: number
    readonly stations: readonly { readonly name: string; readonly address: string }[]
  }[]
  /** Another machine has the same number as this one: neither hears the other. */
  readonly clash: boolean
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isMachine(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 250
}

function parseStation(untrusted: unknown): TrunkStation | undefined {
  if (!isRecord(untrusted)) return undefined
  const { name, address } = untrusted
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name)) return undefined
  if (typeof address !== 'number' || !Number.isInteger(address) || address < 0 || address > 0xffff_ffff)
    return undefined
  return { name, address }
}

/** Undefined: it is none, or none that this version understands. */
export function parseTrunkMessage(untrusted: unknown): TrunkMessage | undefined {
  if (!isRecord(untrusted)) return undefined
  const { kind, machine, bytes, stations, version, wants } = untrusted
  if (kind === 'packet') {
    const fits =
      bytes instanceof Uint8Array && bytes.length >= SHORTEST_PACKET && bytes.length <= LONGEST_PACKET
    return fits ? { kind, bytes } : undefined
  }
  if (!isMachine(machine)) return undefined
  if (kind === 'bye') return { kind, machine }
  if (kind !== 'hello' || version !== TRUNK_VERSION || !Array.isArray(stations)) return undefined
  if (stations.length > TRUNK_MAX_STATIONS) return undefined
  const parsed = stations.map(parseStation)
  if (parsed.includes(undefined)) return undefined
  return {
    kind,
    version,
    machine,
    stations: parsed.filter((station) => station !== undefined),
    wants: wants === true,
  }
}
