/**
 * The composition root: the firmware on this page, then HyperCore in its worker, and the console over both. Nothing is
 * decided here but who gets what.
 */

import engineUrl from 'v86/build/v86.wasm?url'
import engineFallbackUrl from 'v86/build/v86-fallback.wasm?url'
import { createStore } from 'zustand/vanilla'
import { version } from '../package.json'
import manifest from '../images/manifest.json'
import { goldens, goldenUrls } from 'virtual:goldens'
import { APPLIANCES } from './appliances/definitions.ts'
// oxlint-disable-next-line import/default -- with this query Vite gives the address
import domainScriptUrl from './domain/worker.ts?worker&url'
import { browserPlatform, deviceMemoryGiB, probeFeatures } from './firmware/browser-platform.ts'
import { Firmware, type FirmwareOutcome } from './firmware/firmware.ts'
import { firmwareKey, typedCharacter } from './firmware/keys.ts'
import type { StorageReport } from './firmware/platform.ts'
import { startingDomains } from './firmware/post-screen.ts'
// oxlint-disable-next-line import/default -- with this query Vite gives the address
import readerScriptUrl from './firmware/reader-worker.ts?worker&url'
import { Reader } from './firmware/reader.ts'
import { memoryShortage } from './firmware/settings.ts'
// oxlint-disable-next-line import/default -- with this query Vite gives the address
import hypercoreScriptUrl from './hypercore/worker.ts?worker&url'
import type { HandOff, RefusedGolden, RefusedVolume } from './protocol/hand-off.ts'
import type { Hypercore } from './protocol/hypercore-api.ts'
import type { SupervisorRequest } from './protocol/supervisor.ts'
import { DEFAULT_POLICY } from './protocol/policy.ts'
import { createHypercore } from './state/hypercore-api.ts'
import { focusedDomain, withJournalEntry } from './state/machine-store.ts'
import { createPreferences } from './state/preferences.ts'
import { Seat } from './state/seat.ts'
import { askToKeep, keepUpOnLeaving } from './state/snapshots.ts'
import { askOnFirstWrite } from './state/written-disks.ts'
import { browserMachineLock } from './storage/machine-lock.ts'
import { browserNvramStore } from './storage/nvram-store.ts'
import { isBlankDisk } from './storage/overlay/blank-disk.ts'
import { createPolicyStore } from './storage/policy-store.ts'
// oxlint-disable-next-line import/default -- with this query Vite gives the address
import storeScriptUrl from './storage/service/worker.ts?worker&url'
import type { FirmwareView, RestartTarget, Screen } from './ui/app-props.ts'
import { openBootScreen, type BootScreen } from './ui/boot/boot-screen.ts'
import { followTheme } from './ui/theme.ts'

declare global {
  interface Window {
    hypercore: Hypercore
  }
}

const FLASH_URLS: Record<string, string> = import.meta.glob('../images/flash/*', {
  query: '?url',
  import: 'default',
  eager: true,
})

function volumeUrl(file: string): string {
  const url = FLASH_URLS[`../images/${file}`]
  if (url === undefined) throw new Error(`the build has no ${file}`)
  return url
}

function goldenUrl(file: string): string {
  const url = goldenUrls[file]
  if (url === undefined) throw new Error(`the build has no ${file}`)
  return new URL(url, document.baseURI).href
}

const parameters = new URLSearchParams(location.search)
const bootParameter = parameters.get('boot') ?? undefined
const bootOverride =
  bootParameter === 'hyperspace' || bootParameter === 'primary' || bootParameter === 'setup'
    ? bootParameter
    : undefined

const preferences = createPreferences()
followTheme(preferences)
const seat = new Seat()
const screen = createStore<Screen>(() => ({ kind: 'shell' }))
let boot: BootScreen | undefined
let consoleOpen = false
// Keys of a passphrase that is being typed must not end up in another guest.
seat.setMayBeSwitched(() => {
  const front = focusedDomain(seat.store.getState())
  return preferences.getState().guestsSwitch && front?.appliance !== 'vault'
})
window.hypercore = createHypercore(seat, version)

/** Loads the page again: a restart from power-on, with nothing of this run left in memory. */
function restart(into: RestartTarget): void {
  const url = new URL(location.href)
  if (into === 'setup') url.searchParams.set('boot', 'setup')
  else url.searchParams.delete('boot')
  location.assign(url)
}

/** The console's own script; the firmware's screen comes without it. */
const loadConsole = () => import('./ui/console.tsx')

const root = document.querySelector('#root') ?? document.body

/** Changes what fills the page, from the firmware's screen to the console's; the first of those opens the console. */
function show(next: Screen): void {
  screen.setState(next, true)
  if (consoleOpen) return
  if (next.kind === 'firmware') {
    boot = openBootScreen(root, next.view)
    return
  }
  consoleOpen = true
  openConsole().catch((error: unknown) => {
    // Nothing is left that could draw it better.
    root.textContent = `HyperSpace cannot load a part of itself (${String(error)}). Reload the page once its server can be reached.`
  })
}

async function openConsole(): Promise<void> {
  const console = await loadConsole()
  boot?.dispose()
  console.openConsole(root, {
    seat,
    preferences,
    screen,
    restart,
    embed: parameters.has('embed'),
    version,
    standaloneUrl: standaloneUrl(),
  })
}

function standaloneUrl(): string {
  const url = new URL(location.href)
  url.searchParams.delete('embed')
  return url.href
}

function showUnsupported(): boolean {
  const features = probeFeatures()
  const guests = manifest.volumes.flatMap(({ ramMiB }) => (ramMiB === undefined ? [] : [{ ramMiB }]))
  const shortage = memoryShortage(guests, deviceMemoryGiB())
  if (!features.webAssembly) show({ kind: 'unsupported', why: { kind: 'no-webassembly' } })
  else if (!features.workers) show({ kind: 'unsupported', why: { kind: 'no-worker' } })
  else if (shortage !== undefined)
    show({ kind: 'unsupported', why: { kind: 'too-little-memory', ...shortage } })
  else return false
  return true
}

/** The firmware's screen for the console: what it wrote so far comes first to whoever looks later. */
function firmwareView(
  firmware: Firmware,
  written: readonly string[],
  listeners: Set<(output: string) => void>,
): FirmwareView {
  return {
    subscribe(listener) {
      listener(written.join(''))
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    key: (name) => {
      const key = firmwareKey(name)
      const character = typedCharacter(name)
      if (key !== undefined || character !== undefined) firmware.key(key, character)
    },
    takesText: () => firmware.takesText(),
    text: () => firmware.text(),
    spoken: () => firmware.spoken(),
  }
}

/** The text screen takes the face from the page's fonts when it is there. */
async function useFirmwareFont(font: Blob): Promise<void> {
  document.fonts.add(await new FontFace('HyperSpace VGA', await font.arrayBuffer()).load())
}

/** Reading and hashing are bound by the processors; more than this many only wait for the network together. */
const MAX_READERS = 4

/** A second machine beside the one that has the disks: a power-on of its own, and nothing of it is kept. */
const DISKS_ELSEWHERE: StorageReport = {
  kind: 'memory',
  why: 'the machine in another tab has the disks open',
  remedy: 'To use them here, close that tab and restart.',
}

/** As many as read at once; none where the browser has no workers, which POST tells the person. */
function readerPorts(): Worker[] {
  if (typeof Worker !== 'function') return []
  const count = Math.min(navigator.hardwareConcurrency || 1, MAX_READERS)
  return Array.from({ length: count }, () => new Worker(readerScriptUrl, { type: 'module', name: 'reader' }))
}

async function runFirmware(
  poweredOnAt: number,
  storage: StorageReport | undefined,
  onBootable: (handOff: HandOff) => void,
): Promise<FirmwareOutcome> {
  const nvram = browserNvramStore(() => localStorage)
  // Its workers begin with the first file: before that the processors have a screen to paint.
  let begun: Reader | undefined
  // Without a controller the person has reloaded past all caches, or nothing is kept yet.
  const areKept = (): boolean => Boolean(navigator.serviceWorker?.controller)
  const reader = (): Reader => (begun ??= new Reader(readerPorts(), areKept()))
  const found = browserPlatform({
    poweredOnAt,
    engineUrls: { simd: engineUrl, fallback: engineFallbackUrl },
    areKept,
    volumeUrl,
    goldenUrl,
    readFile: (url) => reader().read(new URL(url, document.baseURI).href),
    scriptUrls: { hypercore: hypercoreScriptUrl, domain: domainScriptUrl, store: storeScriptUrl },
    hasBlankDisk: (appliance) => isBlankDisk(appliance),
    readNvram: () => nvram.read(),
    writeNvram: (bytes) => nvram.write(bytes),
    useFont: useFirmwareFont,
    displayUp: async () => {
      await boot?.painted
      // From here on the console's script has the whole self-test to arrive in; what it says if it cannot comes later.
      loadConsole().then(
        ({ loadFonts }) => loadFonts({ preferences }),
        () => undefined,
      )
    },
    keyboard: () => ({ listening: true, onScreen: matchMedia('(pointer: coarse)').matches }),
  })
  const platform = storage === undefined ? found : { ...found, storage: () => Promise.resolve(storage) }
  const written: string[] = []
  const listeners = new Set<(output: string) => void>()
  const firmware = new Firmware(platform, manifest, goldens, {
    ...(bootOverride === undefined ? {} : { bootOverride }),
    weights: Object.fromEntries(APPLIANCES.map(({ name, limits }) => [name, limits.weight])),
    onBootable,
    onOutput: (output) => {
      written.push(output)
      for (const listener of listeners) listener(output)
    },
  })
  show({ kind: 'firmware', view: firmwareView(firmware, written, listeners) })
  try {
    return await firmware.run()
  } finally {
    begun?.close()
  }
}

/** Only what was refused is forgotten, so that the next start fetches it anew instead of finding the same damage kept. */
async function forgetRefused(
  volumes: readonly RefusedVolume[],
  goldens: readonly RefusedGolden[] = [],
): Promise<void> {
  if (volumes.length + goldens.length === 0 || typeof caches === 'undefined') return
  const files = new Map(manifest.volumes.map(({ name, file }) => [name, file]))
  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const refused of volumes) {
      const file = files.get(refused.name)
      if (file !== undefined) await cache.delete(volumeUrl(file))
    }
    for (const { appliance } of goldens)
      for (const file of [`${appliance}.golden`, `${appliance}-blank.golden`])
        if (goldenUrls[file] !== undefined) await cache.delete(goldenUrl(file))
  }
}

/** Keeps everything for the next visit; an older copy goes on serving until the new one is whole. */
function keepOffline(): void {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return
  navigator.serviceWorker.register(new URL('offline-worker.js', document.baseURI)).catch((error: unknown) => {
    // oxlint-disable-next-line no-console -- nothing else fails by it, and whoever looks for the reason looks here
    console.warn('This browser does not keep the product for offline use:', error)
  })
}

/** Once, when every guest that was started has reached its first screen: the boot has the machine to itself until then. */
function whenSettled(action: () => void): void {
  const unsubscribe = seat.events.on('domain', () => {
    const live = seat.store.getState().domains.filter(({ state }) => state !== 'created' && state !== 'off')
    if (
      live.length === 0 ||
      live.some(({ state, ready }) => state === 'starting' || (state === 'running' && !ready))
    )
      return
    unsubscribe()
    action()
  })
}

/** The firmware's timer goes on in the shell, to the last first screen: by the marks that a profiler shows, too. */
function tellWhenLive(handOff: HandOff, poweredOnAt: number): void {
  const starting = startingDomains(handOff.bootPath, handOff)
  if (starting.length === 0) return
  const unsubscribe = seat.events.on('domain', () => {
    const readyAt = starting.flatMap(({ appliance }) =>
      performance.getEntriesByName(readyMark(appliance)).map(({ startTime }) => startTime),
    )
    if (readyAt.length < starting.length) return
    unsubscribe()
    const liveAfterMs = Math.max(...readyAt) - poweredOnAt
    const who = starting.length === 1 ? 'The guest was' : `All ${starting.length} guests were`
    const text =
      `${who} live ${secondsOf(liveAfterMs)} after power-on, ` +
      `${secondsOf(liveAfterMs - handOff.endedAt)} after the hand-off.`
    seat.store.setState((state) =>
      withJournalEntry({ ...state, liveAfterMs }, { at: Date.now(), level: 'info', text, id: undefined }),
    )
  })
}

function readyMark(id: string): string {
  return `hyperspace:ready:${id}`
}

function secondsOf(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

/** Gives every guest the chance to sync, and the slow ones up; what hibernates is kept as it is instead. */
async function shutDownAll(): Promise<void> {
  const { domains, snapshots } = seat.store.getState()
  const live = domains.filter(({ id, state }) => state === 'running' && !snapshots.hibernating.includes(id))
  const kept = snapshots.hibernating.length === 0 ? [] : [seat.call('leaving', {})]
  await Promise.allSettled([...kept, ...live.map(({ id }) => seat.call('shutdown', { id }))])
}

/** The person's policy, kept from now on as they change it, where this machine keeps anything. */
function keptPolicy({ platform }: HandOff): string | undefined {
  const store = createPolicyStore(() => localStorage)
  const kept = store.read()
  if (!kept.ok) {
    const text = `The policy kept in this browser was not used: ${kept.error}. The default is in force.`
    seat.store.setState((state) =>
      withJournalEntry(state, { at: Date.now(), level: 'warning', text, id: undefined }),
    )
  }
  if (platform.storage.kind === 'opfs')
    seat.policy.store.subscribe(({ text }, before) => {
      if (text !== before.text) store.write(text === DEFAULT_POLICY ? undefined : text)
    })
  return kept.ok ? kept.value : undefined
}

function loadHypercore({ scripts }: HandOff): Worker {
  return new Worker(scripts.hypercore.url, { type: 'module', name: 'hypercore' })
}

/** HyperCore makes guests ready while the firmware waits for a key. */
function prepareHypercore(handOff: HandOff): Worker {
  performance.mark('hyperspace:bootable')
  const worker = loadHypercore(handOff)
  const { hibernating } = preferences.getState()
  worker.postMessage({ kind: 'prepare', handOff, hibernating } satisfies SupervisorRequest)
  return worker
}

function startHypercore(worker: Worker, handOff: HandOff): void {
  const focus = parameters.get('focus') ?? undefined
  const { hibernating } = preferences.getState()
  seat.connect(worker, handOff, { preferredFocus: focus, policyText: keptPolicy(handOff), hibernating })
  performance.mark('hyperspace:hand-off')
}

async function main(): Promise<void> {
  if (showUnsupported()) return

  const machine: { worker?: Worker | undefined; taken: boolean } = { taken: false }
  const giveUp = (): void => {
    machine.taken = true
    machine.worker?.terminate()
    show({ kind: 'taken-over' })
  }
  const lock = browserMachineLock({
    onAskedToLetGo: async () => {
      await shutDownAll()
      giveUp()
    },
    onLost: giveUp,
  })
  let storage: StorageReport | undefined
  // The page's navigation.
  let poweredOnAt = 0
  if ((await lock?.acquire()) === 'busy') {
    const choice = await new Promise<'take-over' | 'second'>((resolve) => {
      show({
        kind: 'elsewhere',
        takeOver: () => resolve('take-over'),
        startSecond: () => resolve('second'),
      })
    })
    if (choice === 'take-over') await lock?.takeOver()
    else storage = DISKS_ELSEWHERE
    poweredOnAt = performance.now()
  }

  const outcome = await runFirmware(poweredOnAt, storage, (handOff) => {
    if (machine.taken) return
    const worker = prepareHypercore(handOff)
    machine.worker = worker
    // It could not even be loaded: at the hand-off it is tried again, and there is somebody to be told.
    worker.addEventListener('error', () => {
      if (seat.store.getState().phase === 'firmware') machine.worker = undefined
    })
  })
  // Halted: the firmware's own screen says why and what to do, and stays.
  if (outcome.kind === 'halted') return forgetRefused(outcome.refused)
  if (machine.taken) return
  machine.worker ??= loadHypercore(outcome.handOff)
  startHypercore(machine.worker, outcome.handOff)
  tellWhenLive(outcome.handOff, poweredOnAt)
  show({ kind: 'shell' })
  const { refused, refusedGoldens } = outcome.handOff
  await forgetRefused(refused, refusedGoldens)
  if (refused.length + refusedGoldens.length === 0) whenSettled(keepOffline)
}

keepUpOnLeaving(seat)
askOnFirstWrite(seat, document, askToKeep)
seat.events.on('snapshots', ({ storage, hibernating }) => {
  if (storage.kind === 'open') preferences.setState({ hibernating: [...hibernating] })
})

seat.events.on('domain', ({ id, ready }) => {
  const mark = readyMark(id)
  if (ready && performance.getEntriesByName(mark).length === 0) performance.mark(mark)
})

main().catch((error: unknown) => {
  show({ kind: 'unsupported', why: { kind: 'failed', detail: String(error) } })
})
