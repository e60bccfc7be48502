/** What the page knows of the machine, for everything that is drawn from it. Bytes, frames and samples never enter it. */

import { createStore, type StoreApi } from 'zustand/vanilla'
import type { DomainId, DomainInfo, DomainState, ViewKind } from '../protocol/domain.ts'
import type { HandOff } from '../protocol/hand-off.ts'
import type { SnapshotsReport } from '../protocol/snapshot.ts'
import type { TrunkReport } from '../protocol/trunk.ts'

/** halted: the supervisor itself is gone; only a reload helps. */
export type Phase = 'firmware' | 'running' | 'halted'

export type JournalEntry = {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly level: 'info' | 'warning' | 'error'
  readonly text: string
  readonly id: DomainId | undefined
}

export type SwitchFigure = {
  readonly from: DomainId | undefined
  readonly to: DomainId
  /** From the causing event's timestamp to the other guest's picture in front on the stage. */
  readonly placedMs: number
  /** The same, to the end of the frame that shows the other guest. */
  readonly milliseconds: number
  /** The same, to that frame's beginning: what is left is style, layout and paint. */
  readonly frameMs: number
}

/** A focus change that the stage has not measured yet. */
export type FocusChange = {
  readonly from: DomainId | undefined
  readonly to: DomainId
  /** On the page's clock; undefined where no person's event caused it: then nothing is measured. */
  readonly startedAt: number | undefined
}

export type MachineState = {
  readonly phase: Phase
  /** Set in phase halted. */
  readonly haltReason: string | undefined
  readonly handOff: HandOff | undefined
  readonly memoryBudgetMiB: number
  /** Milliseconds from power-on to the last first screen of those that started then; undefined until it is there. */
  readonly liveAfterMs: number | undefined
  /** By shortcut, those without one behind, by id. Their `focused` is the page's own truth. */
  readonly domains: readonly DomainInfo[]
  readonly focusedId: DomainId | undefined
  readonly focusChange: FocusChange | undefined
  /** The appliance that F4 leads to from the primary OS. */
  readonly lastApplianceId: DomainId | undefined
  /** What the stage shows of a domain where a person chose otherwise than its definition. */
  readonly views: Readonly<Record<string, ViewKind>>
  readonly lastSwitch: SwitchFigure | undefined
  readonly snapshots: SnapshotsReport
  /** Undefined until something is joined. */
  readonly trunk: TrunkReport | undefined
  /** Newest last. */
  readonly journal: readonly JournalEntry[]
}

export type MachineStore = StoreApi<MachineState>

/** A day of a demo's journal; each line is a few hundred bytes. */
export const JOURNAL_LIMIT = 500

export function createMachineStore(): MachineStore {
  return createStore<MachineState>(() => ({
    phase: 'firmware',
    haltReason: undefined,
    handOff: undefined,
    memoryBudgetMiB: 0,
    liveAfterMs: undefined,
    domains: [],
    focusedId: undefined,
    focusChange: undefined,
    lastApplianceId: undefined,
    views: {},
    lastSwitch: undefined,
    snapshots: { storage: { kind: 'opening' }, snapshots: [], current: [], hibernating: [] },
    trunk: undefined,
    journal: [],
  }))
}

export function findDomain(state: MachineState, id: string): DomainInfo | undefined {
  return state.domains.find((domain) => domain.id === id)
}

export function focusedDomain(state: MachineState): DomainInfo | undefined {
  return state.focusedId === undefined ? undefined : findDomain(state, state.focusedId)
}

export function shownView(state: MachineState, domain: DomainInfo): ViewKind {
  return state.views[domain.id] ?? domain.view
}

/** A live domain has a worker and holds its memory. */
export function isLive(state: DomainState): boolean {
  return state === 'starting' || state === 'running' || state === 'paused' || state === 'shutting-down'
}

/** Guests that wait for their turn at the start, or compute their first screens. */
export function anyStarting({ domains, handOff }: Pick<MachineState, 'domains' | 'handOff'>): boolean {
  return domains.some(({ id, state, ready }) => {
    const waits = state === 'created' && handOff?.settings.appliances[id]?.start === true
    return waits || state === 'starting' || (state === 'running' && !ready)
  })
}

export function memoryInUseMiB(state: MachineState): number {
  let bytes = 0
  for (const domain of state.domains) if (isLive(domain.state)) bytes += domain.memoryBytes
  return bytes / 2 ** 20
}

/** The state after the focus went to `to`, a domain it has. */
export function withFocus(state: MachineState, to: DomainId, startedAt: number | undefined): MachineState {
  const target = findDomain(state, to)
  if (target === undefined) return state
  return {
    ...state,
    focusedId: to,
    focusChange: { from: state.focusedId, to, startedAt },
    lastApplianceId: target.primary ? state.lastApplianceId : to,
    domains: state.domains.map((domain) => markFocus(domain, to)),
  }
}

/** The state after the supervisor described `domain`; its `focused` is replaced by the page's. */
export function withDomain(state: MachineState, domain: DomainInfo): MachineState {
  const marked = markFocus(domain, state.focusedId)
  const known = state.domains.some((other) => other.id === domain.id)
  const domains = known
    ? state.domains.map((other) => (other.id === domain.id ? marked : other))
    : [...state.domains, marked]
  return { ...state, domains: domains.toSorted(byShortcut) }
}

/** The state without `id`; a focus on it falls to the primary OS, else to the first domain. */
export function withoutDomain(state: MachineState, id: DomainId): MachineState {
  const domains = state.domains.filter((domain) => domain.id !== id)
  const views = Object.fromEntries(Object.entries(state.views).filter(([key]) => key !== id))
  const lastApplianceId = state.lastApplianceId === id ? undefined : state.lastApplianceId
  const rest: MachineState = { ...state, domains, views, lastApplianceId }
  if (state.focusedId !== id) return rest
  const heir = domains.find(({ primary }) => primary) ?? domains[0]
  const unfocused: MachineState = { ...rest, focusedId: undefined, focusChange: undefined }
  return heir === undefined ? unfocused : withFocus(unfocused, heir.id, undefined)
}

export function withJournalEntry(state: MachineState, entry: JournalEntry): MachineState {
  return { ...state, journal: [...state.journal, entry].slice(-JOURNAL_LIMIT) }
}

/** Where F4 leads: from an appliance to the primary OS, from the primary OS to the appliance seen last. */
export function toggleTarget(state: MachineState): DomainId | undefined {
  const focused = focusedDomain(state)
  const primary = state.domains.find(({ primary }) => primary)
  if (primary !== undefined && focused?.id !== primary.id) return primary.id
  const last = state.lastApplianceId
  if (last !== undefined && last !== focused?.id && findDomain(state, last) !== undefined) return last
  return state.domains.find((domain) => domain.id !== focused?.id)?.id
}

function markFocus(domain: DomainInfo, focusedId: DomainId | undefined): DomainInfo {
  const focused = domain.id === focusedId
  return domain.focused === focused ? domain : { ...domain, focused }
}

function byShortcut(a: DomainInfo, b: DomainInfo): number {
  return (a.shortcut ?? Infinity) - (b.shortcut ?? Infinity) || (a.id < b.id ? -1 : 1)
}
