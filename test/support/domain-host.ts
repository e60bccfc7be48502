/** Runs a domain in a test as HyperCore would: in this thread, or in one of its own from the bundle. */

import { Worker } from 'node:worker_threads'
import type { BlockStore } from '../../src/protocol/block-store.ts'
import { Domain } from '../../src/domain/domain.ts'
import type {
  ConsoleEvent,
  ConsoleRequest,
  DisplayEvent,
  DisplayRequest,
  NetworkMessage,
} from '../../src/protocol/channels.ts'
import type { DomainBootstrap, DomainEvent, DomainRequest, MachineSpec } from '../../src/protocol/guest.ts'
import { domainBundlePath } from './domain-bundle.ts'
import { v86Module } from './guest-images.ts'

/** Generous: two cores may run several guests at once. */
const PATIENCE_MS = 60_000

type Kind = DomainEvent['kind']
type EventOf<K extends Kind> = Extract<DomainEvent, { kind: K }>

type Side = {
  post(request: DomainRequest, transfer: readonly Transferable[]): void
  end(): Promise<void>
}

export class DomainHost {
  readonly events: DomainEvent[] = []
  /** When each event came: milliseconds on the monotonic clock. */
  readonly receivedAt = new WeakMap<DomainEvent, number>()
  readonly frames: DisplayEvent[] = []
  readonly network: NetworkMessage[] = []
  /** Console output since the start, as text. */
  text = ''
  /** Output bytes that nobody has acknowledged. */
  unacknowledged = 0
  /** Whether output is acknowledged as it comes, as a terminal does. */
  acknowledges = true
  readonly #side: Side
  readonly #display: MessagePort
  readonly #console: MessagePort
  readonly #network: MessagePort
  readonly #decoder = new TextDecoder()
  #waits: (() => void)[] = []

  constructor(spec: MachineSpec, engine: WebAssembly.Module, side: (host: DomainHost) => Side) {
    const [display, console, network] = [new MessageChannel(), new MessageChannel(), new MessageChannel()]
    this.#display = display.port2
    this.#console = console.port2
    this.#network = network.port2
    this.#display.onmessage = ({ data }: MessageEvent<DisplayEvent>) =>
      this.#note(() => this.frames.push(data))
    this.#network.onmessage = ({ data }: MessageEvent<NetworkMessage>) =>
      this.#note(() => this.network.push(data))
    this.#console.onmessage = ({ data }: MessageEvent<ConsoleEvent>) =>
      this.#note(() => this.#output(data.bytes))
    this.#side = side(this)
    const bootstrap: DomainBootstrap = {
      kind: 'bootstrap',
      spec,
      engine,
      display: display.port1,
      console: console.port1,
      network: network.port1,
    }
    this.#side.post(bootstrap, [display.port1, console.port1, network.port1])
  }

  #output(bytes: Uint8Array): void {
    this.text += this.#decoder.decode(bytes, { stream: true })
    this.unacknowledged += bytes.length
    if (this.acknowledges) this.acknowledge()
  }

  #note(action: () => void): void {
    action()
    for (const wake of this.#waits.splice(0)) wake()
  }

  /** Called by the domain's side. */
  receive(event: DomainEvent): void {
    this.receivedAt.set(event, performance.now())
    this.#note(() => this.events.push(event))
  }

  acknowledge(): void {
    const bytes = this.unacknowledged
    this.unacknowledged = 0
    this.#console.postMessage({ kind: 'ack', bytes } satisfies ConsoleRequest)
  }

  post(request: DomainRequest): void {
    this.#side.post(request, [])
  }

  /** Types text; “\r” is Enter. */
  type(text: string): void {
    this.console({ kind: 'input', bytes: new TextEncoder().encode(text) })
  }

  console(request: ConsoleRequest): void {
    this.#console.postMessage(request)
  }

  display(request: DisplayRequest, transfer: Transferable[] = []): void {
    this.#display.postMessage(request, transfer)
  }

  send(frames: readonly Uint8Array[]): void {
    this.#network.postMessage({ kind: 'frames', frames } satisfies NetworkMessage)
  }

  /** Resolves with the first value that `look` gives, asked again whenever anything has arrived. */
  async until<T>(what: string, look: () => T | undefined, patienceMs = PATIENCE_MS): Promise<T> {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      const left = deadline - performance.now()
      if (left <= 0)
        throw new Error(`${what} did not come within ${patienceMs} ms; console:\n${this.text.slice(-2000)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#waits.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** The first event of this kind, or the first that `match` accepts. */
  event<K extends Kind>(kind: K, match: (event: EventOf<K>) => boolean = () => true): Promise<EventOf<K>> {
    const ofKind = (event: DomainEvent): event is EventOf<K> => event.kind === kind
    return this.until(`event ${kind}`, () => this.events.filter(ofKind).find(match))
  }

  /** Waits for output that matches. */
  output(pattern: RegExp | string): Promise<true> {
    const matches = (): boolean =>
      typeof pattern === 'string' ? this.text.includes(pattern) : pattern.test(this.text)
    return this.until(`output ${String(pattern)}`, () => (matches() ? true : undefined))
  }

  /** Types a command line and answers what it printed, once it has ended. */
  async run(command: string): Promise<string> {
    const id = Math.random().toString(36).slice(2, 8)
    const [begin, end] = [`<${id}`, `${id}>`]
    const from = this.text.length
    // The marks are written in two parts, so that the echo of the line is not taken for its output.
    this.type(`echo '<'${id}; ${command}; echo ${id}'>'\r`)
    await this.until(command, () => (this.text.includes(`${end}\r\n`, from) ? true : undefined))
    const start = this.text.indexOf(`${begin}\r\n`, from) + begin.length + 2
    return this.text.slice(start, this.text.indexOf(`${end}\r\n`, start)).replaceAll('\r', '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#side.end()
    for (const port of [this.#display, this.#console, this.#network]) port.close()
  }

  /** Ends the domain at once and closes its disks. */
  end(): Promise<void> {
    return this[Symbol.asyncDispose]()
  }
}

export type InThreadOptions = {
  readonly openDisk?: (name: string, bytes: number) => BlockStore
  readonly engine?: WebAssembly.Module
}

/** A domain on this thread. */
export async function hostDomain(
  spec: MachineSpec,
  { openDisk, engine }: InThreadOptions = {},
): Promise<DomainHost> {
  return new DomainHost(spec, engine ?? (await v86Module()), (host) => {
    const domain = new Domain({
      post: (event) => host.receive(event),
      openDisk: ({ name }, base) =>
        Promise.resolve(
          openDisk === undefined
            ? { ok: false, error: { message: 'this test has no persistent disks' } }
            : { ok: true, value: openDisk(name, base.size) },
        ),
    })
    return {
      post: (request) => domain.handle(request),
      end: () => {
        domain.dispose()
        return Promise.resolve()
      },
    }
  })
}

/** A domain in a thread of its own, as in the browser; persistent disks are files of `diskFolder`. */
export async function hostDomainInWorker(spec: MachineSpec, diskFolder?: string): Promise<DomainHost> {
  const worker = new Worker(await domainBundlePath(), { workerData: { diskFolder } })
  return new DomainHost(spec, await v86Module(), (host) => {
    worker.on('message', (event: DomainEvent) => host.receive(event))
    return {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's and the browser's ports are two types
      post: (request, transfer) => worker.postMessage(request, transfer as never),
      end: async () => {
        await worker.terminate()
      },
    }
  })
}
