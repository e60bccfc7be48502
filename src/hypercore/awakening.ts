/**
 * What a guest is told after it has resumed from a state: time, address, name and fresh randomness, none of which a state
 * may bring along (two guests of one state would share them), and a ping behind it, whose answer says that all of it has
 * been applied.
 */

import type { GoldenStage } from '../protocol/guest.ts'
import type { ScreenSize } from '../protocol/screen.ts'
import { encodeHostFrame } from './agent.ts'

/** Twice what a Linux random pool holds. */
const ENTROPY_BYTES = 64

/** “The guest has no network card” in a `resumed` frame. */
const NO_MAC = new Uint8Array(6)

/** Who a guest is after it has resumed. */
export type Awakening = {
  readonly hostname: string
  /** “02:48:53:…”; undefined without a network card. */
  readonly mac: string | undefined
  /** ready: its first screen is there, and the ping's answer is its word that it is up. checkpoint: it will say so. */
  readonly stage: GoldenStage
  /** What its console shows came with the state. */
  readonly shown: boolean
}

export type AwakeningFrames = {
  readonly frames: readonly Uint8Array<ArrayBuffer>[]
  /** Of the ping: its pong comes when the rest has been applied. */
  readonly nonce: number
}

/** The size of the screen comes first, so that whoever is told of the resume paints once. */
export function wakeUp(
  { hostname, mac, screen, shown }: Awakening & { readonly screen?: ScreenSize | undefined },
  unixMs: number,
): AwakeningFrames {
  const entropy = crypto.getRandomValues(new Uint8Array(ENTROPY_BYTES))
  const address =
    mac === undefined ? NO_MAC : Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16))
  const [nonce = 0] = crypto.getRandomValues(new Uint32Array(1))
  return {
    frames: [
      ...(screen === undefined ? [] : [encodeHostFrame({ kind: 'screen', size: screen })]),
      encodeHostFrame({ kind: 'resumed', unixMs, mac: address, hostname, entropy, shown }),
      encodeHostFrame({ kind: 'ping', nonce }),
    ],
    nonce,
  }
}

/** What a guest is asked for before anybody wants it: its first screen in this size, and its word that it has heard. */
export function rehearsal(screen: ScreenSize): readonly Uint8Array<ArrayBuffer>[] {
  return [encodeHostFrame({ kind: 'screen', size: screen }), encodeHostFrame({ kind: 'ping', nonce: 0 })]
}
