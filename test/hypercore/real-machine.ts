/** The real supervisor with real guests, each in a worker thread, and a person at their consoles. */

import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { openBase } from '../../src/domain/open-disk.ts'
import { diskFiles } from '../../src/storage/overlay/disk-files.ts'
import type { Outside } from '../../src/hypercore/environment.ts'
import { HyperCore } from '../../src/hypercore/hypercore.ts'
import { composeBootImage } from '../../src/machine/boot-image.ts'
import type { ConsoleEvent } from '../../src/protocol/channels.ts'
import type { DomainInfo, DomainStats } from '../../src/protocol/domain.ts'
import { FaultError, type Fault } from '../../src/protocol/fault.ts'
import type { DomainEvent } from '../../src/protocol/guest.ts'
import type { HandOff, VerifiedVolume, VolumeRole } from '../../src/protocol/hand-off.ts'
import type { StoreMessage } from '../../src/protocol/store.ts'
import type { CallRequest, SupervisorEvent, SupervisorMessage } from '../../src/protocol/supervisor.ts'
import { domainBundlePath, storeBundlePath } from '../support/domain-bundle.ts'
import { v86Module } from '../support/guest-images.ts'
import { OUTSIDE } from '../support/outside.ts'
import { screenText } from '../support/screen-text.ts'
import { handOff, idOf, volume, type PlainCall } from './bench-board.ts'

/** Several guests share two cores with whatever else runs there. */
const PATIENCE_MS = 100_000

/** A screen that does not come is named before the test as a whole is out of time. */
const SCREEN_PATIENCE_MS = 60_000

/** Control sequences (ECMA-48, 5.4), which shells show around a prompt, and the carriage returns of a terminal. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const ESCAPES = /\u001b\[[\d;?]*[A-Za-z]|\r/g

type ManifestVolume = {
  readonly name: string
  readonly role: VolumeRole
  readonly appliance?: string
  readonly file: string
  readonly encoding: 'identity' | 'gzip'
  readonly contentSize: number
  readonly ramMiB?: number
  readonly kernelCommandLine?: string
}

/** Every volume of the product's own flash. */
export function allVolumes(): VerifiedVolume[] {
  const images = new URL('../../images/', import.meta.url)
  const manifest: { readonly volumes: readonly ManifestVolume[] } = JSON.parse(
    readFileSync(new URL('manifest.json', images), 'utf8'),
  )
  return manifest.volumes.map(({ role, appliance, file, ...fields }) => {
    const content = new Blob([new Uint8Array(readFileSync(new URL(file, images)))])
    return volume(role, appliance, { ...fields, content })
  })
}

/** The parts that every guest shares. */
export function flashVolumes(): VerifiedVolume[] {
  return allVolumes().filter(({ role }) => role === 'stub' || role === 'kernel' || role === 'initramfs')
}

/** A disk without a file system: init finds no appliance in it and starts a shell out of the initramfs. */
export function blankVolume(appliance: string): VerifiedVolume {
  return volume('appliance', appliance, {
    content: new Blob([new Uint8Array(65_536)]),
    ramMiB: 48,
    kernelCommandLine: 'console=ttyS0 quiet',
  })
}

/** A hand-off with guests of 48 MiB out of the initramfs. */
export async function realHandOff(
  more: Partial<HandOff> = {},
  starting: readonly string[] = [],
): Promise<HandOff> {
  const given = handOff({}, starting)
  const settings = Object.entries(given.settings.appliances).map(
    ([name, chosen]) => [name, Object.assign(chosen, { memoryMiB: 48 })] as const,
  )
  return {
    ...given,
    settings: { ...given.settings, firstScreen: 'management', appliances: Object.fromEntries(settings) },
    volumes: [...flashVolumes(), blankVolume('messaging'), blankVolume('vault')],
    engine: { ...given.engine, module: await v86Module() },
    platform: {
      ...given.platform,
      storage: { kind: 'memory', why: 'Node has no origin private file system', remedy: 'Nothing.' },
    },
    ...more,
  }
}

function prepared(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.on('message', (event: DomainEvent) => {
      if (event.kind === 'prepared') resolve()
    })
  })
}

type RealOptions = {
  /** How far its wall clock is ahead of this machine's. */
  readonly clockOffMs?: number
  /** Where disks and snapshots are kept. */
  readonly folder?: string
  /** What its network reaches beyond the product's own sites. */
  readonly outside?: Partial<Outside>
}

export class RealMachine {
  readonly events: SupervisorEvent[] = []
  readonly core: HyperCore
  readonly #bundle: string
  readonly #texts = new Map<string, string>()
  readonly #consoles = new Map<string, MessagePort>()
  readonly #workers = new Set<Worker>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #answers = new Map<number, (message: SupervisorMessage) => void>()
  #nextCall = 1
  /** So many machines were built before anybody asked for them. */
  machinesAhead = 0
  /** So often the guest of one did what it was asked for ahead, and came to rest. */
  rehearsals = 0
  /** So many of them became a guest's. */
  adopted = 0
  #waits: (() => void)[] = []

  private constructor(bundle: string, store: string, { clockOffMs = 0, folder, outside }: RealOptions) {
    this.#bundle = bundle
    const workerData = folder === undefined ? {} : { diskFolder: folder, folder }
    this.core = new HyperCore({
      disks: diskFiles({
        root: () => Promise.reject(new DOMException('no storage here', 'SecurityError')),
        openBase,
        estimate: async () => ({}),
      }),
      spawnDomain: (_scriptUrl, name, listener) => {
        const worker = new Worker(this.#bundle, { name, workerData })
        this.#workers.add(worker)
        let isAhead = false
        worker.on('message', (event: DomainEvent) => {
          if (event.kind === 'prepared') {
            isAhead = true
            this.machinesAhead += 1
          }
          if (event.kind === 'rehearsed') this.rehearsals += 1
          listener.message(event)
          this.#wake()
        })
        worker.on('error', ({ message }) => listener.error(message))
        return {
          post: (request, transfer) => {
            if (isAhead && request.kind === 'bootstrap') this.adopted += 1
            // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's and the browser's ports are two types
            worker.postMessage(request, transfer as never)
          },
          terminate: () => {
            worker.removeAllListeners()
            this.#workers.delete(worker)
            void worker.terminate()
          },
        }
      },
      spawnStore: (_scriptUrl, listener) => {
        const worker = new Worker(store, { name: 'store', workerData })
        this.#workers.add(worker)
        worker.on('message', (message: StoreMessage) => listener.message(message))
        worker.on('error', ({ message }) => listener.error(message))
        return {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's and the browser's ports are two types
          post: (request, transfer) => worker.postMessage(request, transfer as never),
          terminate: () => {
            worker.removeAllListeners()
            this.#workers.delete(worker)
            void worker.terminate()
          },
        }
      },
      composeBootImage,
      outside: { ...OUTSIDE, ...outside },
      post: (message) => this.#hear(message),
      now: () => performance.now(),
      wallClock: () => Date.now() + clockOffMs,
      after: (ms, action) => this.#keep(setTimeout(action, ms)),
      every: (ms, action) => this.#keep(setInterval(action, ms)),
    })
  }

  /**
   * `hibernating`: what the person chose in an earlier visit. `isPrepared`: there is a boot delay, and it lasts until the
   * guests are made ready.
   */
  static async powerOn(
    given: HandOff,
    options: RealOptions & { hibernating?: readonly string[]; isPrepared?: boolean } = {},
  ): Promise<RealMachine> {
    const machine = new RealMachine(await domainBundlePath(), await storeBundlePath(), options)
    const { hibernating = [], isPrepared = false } = options
    if (isPrepared) {
      machine.core.receive({ kind: 'prepare', handOff: given, hibernating })
      await Promise.all([...machine.#workers].map(prepared))
    }
    machine.core.receive({ kind: 'hand-off', handOff: given, policyText: undefined, hibernating })
    return machine
  }

  #keep(timer: NodeJS.Timeout): () => void {
    this.#timers.add(timer)
    return () => {
      clearTimeout(timer)
      this.#timers.delete(timer)
    }
  }

  get workers(): number {
    return this.#workers.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const port of this.#consoles.values()) port.close()
    await Promise.all([...this.#workers].map((worker) => worker.terminate()))
  }

  #hear(message: SupervisorMessage): void {
    if (message.kind === 'event') this.#note(message.event)
    else this.#answers.get(message.callId)?.(message)
    this.#wake()
  }

  #note(event: SupervisorEvent): void {
    this.events.push(event)
    if (event.type !== 'domain-ports') return
    this.#consoles.get(event.id)?.close()
    this.#consoles.set(event.id, event.console)
    this.#texts.set(event.id, '')
    const decoder = new TextDecoder()
    event.display.close()
    event.console.onmessage = ({ data }: MessageEvent<ConsoleEvent>) => {
      this.#texts.set(event.id, this.text(event.id) + decoder.decode(data.bytes, { stream: true }))
      event.console.postMessage({ kind: 'ack', bytes: data.bytes.length })
      this.#wake()
    }
  }

  #wake(): void {
    for (const wake of this.#waits.splice(0)) wake()
  }

  /** The page's call. @throws (rejects) FaultError */
  call(call: CallRequest): Promise<unknown> {
    const callId = this.#nextCall++
    return new Promise((resolve, reject) => {
      this.#answers.set(callId, (message) => {
        if (message.kind === 'returned') resolve(message.value)
        else if (message.kind === 'failed') reject(new FaultError(message.fault))
      })
      this.core.receive({ kind: 'call', callId, call })
    })
  }

  on(id: string, name: PlainCall): Promise<unknown> {
    return this.call({ name, args: { id: idOf(id) } })
  }

  /** What a call that must fail is refused with. */
  async refusal(call: Promise<unknown>): Promise<Fault> {
    try {
      await call
    } catch (error) {
      if (error instanceof FaultError) return error.fault
      throw error
    }
    throw new Error('the call was not refused')
  }

  /** Console output of the present life. */
  text(id: string): string {
    return this.#texts.get(id) ?? ''
  }

  type(id: string, text: string): void {
    this.#consoles.get(id)?.postMessage({ kind: 'input', bytes: new TextEncoder().encode(text) })
  }

  /** Resolves with the first value that `look` gives, asked again whenever anything has arrived. */
  async until<T>(what: string, look: () => T | undefined, patienceMs = PATIENCE_MS): Promise<T> {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      const left = deadline - performance.now()
      if (left <= 0) {
        const said = [...this.#texts].map(([id, text]) => `── ${id}\n${text.slice(-500)}`).join('\n')
        throw new Error(
          `${what} did not come within ${patienceMs} ms\n${this.journal.slice(-9).join('\n')}\n${said}`,
        )
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#waits.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** Resolves with the first thing that `look` finds on the screen that a person sees of a console. */
  async onScreen<T>(id: string, what: string, look: (rows: readonly string[]) => T | undefined): Promise<T> {
    const deadline = performance.now() + SCREEN_PATIENCE_MS
    for (;;) {
      const output = this.text(id)
      // oxlint-disable-next-line no-await-in-loop -- each screen as it comes
      const found = look(await screenText(output))
      if (found !== undefined) return found
      // oxlint-disable-next-line no-await-in-loop -- as above
      await this.until(
        `${what} on the screen of ${id}`,
        () => (this.text(id) === output ? undefined : true),
        deadline - performance.now(),
      )
    }
  }

  /** Types a command line at a shell and answers what it printed. */
  async run(id: string, command: string): Promise<string> {
    const mark = `end-${Math.random().toString(36).slice(2, 8)}`
    const from = this.text(id).length
    // In two parts, so that the echo of the line is not taken for its output.
    this.type(id, `${command}; echo ${mark.slice(0, 4)}''${mark.slice(4)}\r`)
    await this.until(`${id}: ${command}`, () => (this.text(id).includes(mark, from) ? true : undefined))
    // A shell that was not up yet shows the typed line once more behind its prompt.
    const output = this.text(id).slice(from, this.text(id).indexOf(mark, from))
    const echo = output.lastIndexOf(`echo ${mark.slice(0, 4)}''`)
    return output.slice(output.indexOf('\n', echo) + 1).replaceAll(ESCAPES, '')
  }

  info(id: string): DomainInfo | undefined {
    const event = this.events.findLast((event) => event.type === 'domain-changed' && event.domain.id === id)
    return event?.type === 'domain-changed' ? event.domain : undefined
  }

  /** Waits for a description of the domain that `match` accepts. */
  domain(id: string, what: string, match: (info: DomainInfo) => boolean): Promise<DomainInfo> {
    return this.until(`${id}: ${what}`, () => {
      const info = this.info(id)
      return info !== undefined && match(info) ? info : undefined
    })
  }

  ready(id: string): Promise<DomainInfo> {
    return this.domain(id, 'ready', ({ ready }) => ready)
  }

  stats(id: string): DomainStats[] {
    return this.events.flatMap((event) =>
      event.type === 'stats' ? event.stats.flatMap(([of, stats]) => (of === id ? [stats] : [])) : [],
    )
  }

  get journal(): string[] {
    return this.events.flatMap((event) => (event.type === 'log' ? [event.text] : []))
  }
}
