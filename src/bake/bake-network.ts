/**
 * The fabric as a guest meets it that is baked: the product's own, with its services and the in-product sites, and nothing of
 * the world outside. Who is on it later, under which address, is told when the guest resumes.
 */

import { Fabric } from '../fabric/fabric.ts'
import type { Machine } from '../machine/machine.ts'
import type { sitesIn } from './site-files.ts'

export type BakeNetwork = {
  /** Frames of the guest. */
  receive(frames: readonly Uint8Array<ArrayBuffer>[]): void
  /** Paths of the portal that were answered since this was last called. */
  answered(): ReadonlySet<string>
  /** Resets what is open: no connection outlives the address of its guest, and one that the guest took for open would hang. */
  endConnections(): void
  detach(): void
}

export function bakeNetwork(
  mac: string,
  { hosts, file }: ReturnType<typeof sitesIn>,
  machine: () => Machine,
): BakeNetwork {
  let answered = new Set<string>()
  let open = true
  const fabric = new Fabric({
    decide: ({ destination }) =>
      open && (destination === 'gateway' || destination === 'portal') ? 'allow' : 'deny',
    mayTalk: () => false,
    now: () => performance.now(),
    wallClock: () => Date.now(),
    after: (ms, action) => {
      const timer = setTimeout(action, ms)
      return () => clearTimeout(timer)
    },
    fetch: () => Promise.reject(new Error('there is no world while a guest is baked')),
    site: async (host, path) => {
      const found = await file(host, path)
      if (found !== undefined && host === 'portal') answered.add(path)
      return found
    },
    sites: hosts,
    relay: undefined,
  })
  const port = fabric.attach({
    id: 'baked',
    mac,
    send: (frames) => {
      port.taken(frames.length)
      machine().receive(frames)
    },
  })
  return {
    receive: (frames) => port.receive(frames),
    answered: () => {
      const since = answered
      answered = new Set()
      return since
    },
    endConnections: () => {
      open = false
      fabric.policyChanged()
      open = true
    },
    detach: () => port.detach(),
  }
}
