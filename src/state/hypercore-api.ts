/** `window.hypercore`: the public interface on top of the seat. */

import type { DomainInfo } from '../protocol/domain.ts'
import { fault, FaultError } from '../protocol/fault.ts'
import type { ConsoleHandle, Hypercore } from '../protocol/hypercore-api.ts'
import type { ConsoleSession } from './console-session.ts'
import type { Seat } from './seat.ts'
import { setHibernate, takeSnapshot } from './snapshots.ts'

/** Calls on a domain that take nothing else and answer nothing. */
type PlainAct =
  'start' | 'pause' | 'resume' | 'shutdown' | 'reset' | 'kill' | 'newIdentity' | 'remove' | 'setPrimary'

export function createHypercore(seat: Seat, version: string): Hypercore {
  /** @throws FaultError no-such-domain */
  const find = (id: string): DomainInfo => {
    const domain = seat.domain(id)
    if (domain !== undefined) return domain
    const names = seat.store.getState().domains.map((known) => known.id)
    const known = names.length === 0 ? 'There are none yet.' : `There are: ${names.join(', ')}.`
    throw new FaultError(fault('no-such-domain', `There is no domain “${id}”. ${known}`))
  }
  const session = (id: string): ConsoleSession => {
    const console = seat.console(find(id).id)
    if (console === undefined) throw new FaultError(fault('illegal-state', `“${id}” has no console yet.`))
    return console
  }
  // Async functions: a wrong id rejects, as every other fault does.
  const act =
    (name: PlainAct) =>
    async (id: string): Promise<void> =>
      seat.call(name, { id: find(id).id })

  return {
    version,
    ready: seat.ready,
    domains: () => [...seat.store.getState().domains],
    start: act('start'),
    pause: act('pause'),
    resume: act('resume'),
    shutdown: act('shutdown'),
    reset: act('reset'),
    kill: act('kill'),
    newIdentity: act('newIdentity'),
    remove: act('remove'),
    focus: async (id) => {
      seat.focus(find(id).id, performance.now())
    },
    setPrimary: act('setPrimary'),
    create: async (config) => seat.call('create', { config }),
    setScreenSize: async (id, size) => seat.call('setScreenSize', { id: find(id).id, size }),
    setLimits: async (id, limits) => seat.call('setLimits', { id: find(id).id, limits }),
    clone: async (id) => seat.call('clone', { id: find(id).id }),
    snapshot: async (id, name) => (await takeSnapshot(seat, find(id).id, { name, note: '' })).id,
    snapshots: () => [...seat.store.getState().snapshots.snapshots],
    describeSnapshot: async (snapshotId, { name, note }) =>
      seat.call('describeSnapshot', { snapshotId, name, note }),
    removeSnapshot: async (snapshotId) => seat.call('removeSnapshot', { snapshotId }),
    exportSnapshot: async (snapshotId) => seat.call('exportSnapshot', { snapshotId }),
    importSnapshot: async (id, file) => seat.call('importSnapshot', { id: find(id).id, file }),
    setHibernate: async (id, on) => setHibernate(seat, find(id).id, on),
    exportDisk: async (id) => seat.call('exportDisk', { id: find(id).id }),
    importDisk: async (id, file) => seat.call('importDisk', { id: find(id).id, file }),
    resetDisk: async (id) => seat.call('resetDisk', { id: find(id).id }),
    diskUsage: async (id) => seat.call('diskUsage', { id: find(id).id }),
    restore: async (snapshotId) => seat.call('restore', { snapshotId }),
    sendFile: async (id, name, content) => seat.call('sendFile', { id: find(id).id, file: name, content }),
    fetchFile: async (id, path) => seat.call('fetchFile', { id: find(id).id, path }),
    console: (id) => consoleHandle(() => session(id)),
    screenshot: async (id) => seat.screenshot(find(id).id),
    stats: (id) => seat.history.latest(find(id).id),
    exits: (id) => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          find(id)
          throw notImplemented('The trace of VM exits')
        },
      }),
    }),
    policy: {
      rules: () => seat.policy.rules(),
      set: async (rules) => seat.policy.setRules(rules),
      text: () => seat.policy.store.getState().text,
      setText: async (text) => seat.policy.setText(text),
      log: () => [...seat.policy.store.getState().decisions],
    },
    capture: {
      start: async () => seat.call('capture', { act: 'start' }),
      stop: async () => seat.call('capture', { act: 'stop' }),
      clear: async () => seat.call('capture', { act: 'clear' }),
      packets: () => [...seat.packets.rows()],
      file: async (id) => seat.call('exportCapture', { of: id === undefined ? undefined : find(id).id }),
    },
    network: () => seat.network.getState(),
    measurements: () => {
      throw notImplemented('The record of measurements')
    },
    handOff: () => seat.store.getState().handOff,
    on: (name, handler) => seat.events.on(name, handler),
  }
}

function consoleHandle(session: () => ConsoleSession): ConsoleHandle {
  // Found anew with each use: a handle outlives restarts, and a domain that is removed is a fault of its own.
  session()
  return {
    write: (text) => session().write(text),
    text: () => session().text(),
    waitFor: async (pattern, options) => session().waitFor(pattern, options),
  }
}

function notImplemented(what: string): FaultError {
  return new FaultError(fault('not-implemented', `${what} is not built yet.`))
}
