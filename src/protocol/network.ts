/** What the page is told of the network: its ports and their counters, who is behind them, and the relay. */

export type Carried = { readonly frames: number; readonly bytes: number }

export type PortFigures = {
  /** The domain at it. */
  readonly port: string
  readonly fromGuest: Carried
  readonly toGuest: Carried
  /** Why frames were not carried and how many; reasons without any are left out. */
  readonly dropped: readonly (readonly [reason: string, frames: number])[]
}

/**
 * Somebody behind a port. `static`: given out by the supervisor. `learned`: told by another machine on the trunk.
 * `refused`: an address that a port’s guest spoke with and does not have; a switch that believes frames would have
 * learned it.
 */
export type Station = {
  /** The domain at the port, or `trunk`. */
  readonly port: string
  readonly name: string
  readonly mac: string
  /** IPv4; empty where none was named. */
  readonly address: string
  readonly kind: 'static' | 'learned' | 'refused'
  /** Whole seconds since it was heard; undefined: never. */
  readonly silentSeconds: number | undefined
}

/**
 * `unused`: not yet needed. `unreachable`: nothing answered as a relay does, or it turned this page away; browsers do not
 * say which. `lost`: it was connected and went away; the next connection of a guest asks again.
 */
export type RelayState = 'unused' | 'connecting' | 'connected' | 'unreachable' | 'lost'

export type RelayFigures = {
  readonly url: string
  readonly state: RelayState
  /** Connections of guests that it carries now. */
  readonly streams: number
}

export type NetworkReport = {
  readonly ports: readonly PortFigures[]
  readonly stations: readonly Station[]
  /** Undefined: none is set up. */
  readonly relay: RelayFigures | undefined
}
