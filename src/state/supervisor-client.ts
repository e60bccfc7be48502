/** The page's end of the control port to HyperCore: typed calls that always settle, and events as they come. */

import { Disposables, type Dispose } from '../base/disposables.ts'
import type { HandOff } from '../protocol/hand-off.ts'
import { fault, FaultError } from '../protocol/fault.ts'
import type {
  CallName,
  CallRequest,
  Calls,
  SupervisorEvent,
  SupervisorMessage,
  SupervisorRequest,
} from '../protocol/supervisor.ts'

/** What is used of a Worker (or, in tests, of a MessagePort). */
export type SupervisorPort = {
  postMessage(message: SupervisorRequest, transfer?: Transferable[]): void
  addEventListener(type: string, listener: (event: Event) => void): void
  removeEventListener(type: string, listener: (event: Event) => void): void
  /** MessagePorts deliver nothing before. */
  start?(): void
}

type Pending = {
  readonly name: CallName
  settle(message: SupervisorMessage): void
  reject(error: Error): void
}

export type SupervisorClientHandlers = {
  event(event: SupervisorEvent): void
  /** The worker died or spoke nonsense; every pending and later call rejects. Told once. */
  lost(reason: string): void
}

export class SupervisorClient {
  readonly #port: SupervisorPort
  readonly #handlers: SupervisorClientHandlers
  readonly #pending = new Map<number, Pending>()
  readonly #disposables = new Disposables()
  #nextCallId = 1
  #lost: string | undefined

  constructor(port: SupervisorPort, handlers: SupervisorClientHandlers) {
    this.#port = port
    this.#handlers = handlers
    this.#listen('message', (event) => this.#receive(event))
    this.#listen('error', (event) => this.#lose(errorText(event)))
    this.#listen('messageerror', () => this.#lose('a message of HyperCore could not be read'))
    port.start?.()
  }

  #listen(type: string, listener: (event: Event) => void): void {
    this.#port.addEventListener(type, listener)
    this.#disposables.add(() => this.#port.removeEventListener(type, listener))
  }

  handOff(handOff: HandOff, policyText: string | undefined, hibernating: readonly string[]): void {
    this.#port.postMessage({ kind: 'hand-off', handOff, policyText, hibernating })
  }

  /** Another browser's machine on the trunk. */
  joinPeer(port: MessagePort): void {
    this.#port.postMessage({ kind: 'trunk-peer', port }, [port])
  }

  /** Calls that have not settled yet. */
  pendingCalls(name: CallName): number {
    let count = 0
    for (const pending of this.#pending.values()) if (pending.name === name) count += 1
    return count
  }

  /** @throws (rejects) FaultError: the supervisor's own fault, or `failed` when it is gone */
  call<Name extends CallName>(name: Name, args: Calls[Name]['args']): Promise<Calls[Name]['result']> {
    const lost = this.#lost
    if (lost !== undefined) return Promise.reject(goneError(lost))
    const callId = this.#nextCallId++
    return new Promise((resolve, reject) => {
      this.#pending.set(callId, {
        name,
        settle: (message) => {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the call's name gives its result's type
          if (message.kind === 'returned') resolve(message.value as Calls[Name]['result'])
          else if (message.kind === 'failed') reject(new FaultError(message.fault))
        },
        reject,
      })
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a name and the arguments of the same name
        const call = { name, args } as CallRequest
        this.#port.postMessage({ kind: 'call', callId, call })
      } catch (error) {
        // Arguments that structured cloning refuses are the caller's mistake.
        this.#pending.delete(callId)
        reject(new FaultError(fault('malformed', `${name}: ${String(error)}`)))
      }
    })
  }

  #receive(event: Event): void {
    if (!(event instanceof MessageEvent)) return
    const message: SupervisorMessage = event.data
    switch (message.kind) {
      case 'event':
        return this.#handlers.event(message.event)
      case 'returned':
      case 'failed': {
        const pending = this.#pending.get(message.callId)
        this.#pending.delete(message.callId)
        return pending?.settle(message)
      }
      default:
        return this.#lose(`HyperCore sent a message that this page does not know: ${JSON.stringify(message)}`)
    }
  }

  #lose(reason: string): void {
    if (this.#lost !== undefined) return
    this.#lost = reason
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const call of pending) call.reject(goneError(reason))
    this.#handlers.lost(reason)
  }

  /** Stops listening; what is pending rejects. */
  readonly dispose: Dispose = () => {
    this.#disposables.dispose()
    this.#lose('the page has closed its connection to HyperCore')
  }
}

function goneError(reason: string): FaultError {
  return new FaultError(fault('failed', `HyperCore has stopped (${reason}). Reload the page to start again.`))
}

function errorText(event: Event): string {
  const told = 'message' in event && typeof event.message === 'string' && event.message !== ''
  return told ? String(event.message) : 'its worker failed'
}
