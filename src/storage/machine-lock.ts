/**
 * One tab owns the machine: a Web Lock (W3C) held as long as the tab lives, and a way to hand it over. Two tabs writing
 * one disk would ruin it; the disks' exclusive handles refuse that anyway, this says so before a boot.
 *
 * ```
 * second tab                      owner
 *   request(ifAvailable) ── busy
 *   takeOver: “let go” ─────────► onAskedToLetGo: shuts its guests down, then release()
 *   request() … granted ◄──────── lock freed
 *   no answer in time: request(steal) ──► onLost
 * ```
 */

import type { Dispose } from '../base/disposables.ts'

const NAME = 'hyperspace.machine'

/** A guest's shutdown takes 10 s at most before it is given up; then as much again for a slow tab. */
const TAKE_OVER_MS = 20_000

/** The parts of `LockManager` and `BroadcastChannel` in use. */
export type Locks = {
  request(
    name: string,
    options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => Promise<void>,
  ): Promise<unknown>
}

export type Channel = {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  close(): void
}

export type MachineLockOptions = {
  readonly locks: Locks
  readonly channel: Channel
  /** Milliseconds until a tab that does not answer loses the lock. */
  readonly takeOverMs?: number
  /** Another tab wants the machine: shut the guests down; the lock is given up when the promise settles. */
  onAskedToLetGo(): Promise<void>
  /** The lock was taken without this tab's consent: stop every guest at once. */
  onLost(): void
}

export type MachineLock = {
  /** owned: this tab has the machine. busy: another has. */
  acquire(): Promise<'owned' | 'busy'>
  /** Asks the owner for the machine and waits; takes it where the owner does not answer. */
  takeOver(): Promise<'owned'>
  /** Lets go and stops listening. */
  readonly release: Dispose
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

export function createMachineLock(options: MachineLockOptions): MachineLock {
  const { locks, channel } = options
  let letGo: (() => void) | undefined

  /** Resolves when the request is decided; the lock itself is held until `letGo`. */
  function request(how: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal }): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let granted = false
      const held = locks.request(NAME, how, (lock) => {
        granted = lock !== null
        resolve(granted)
        if (!granted) return Promise.resolve()
        return new Promise<void>((release) => {
          letGo = () => {
            letGo = undefined
            release()
          }
        })
      })
      held.catch((error: unknown) => {
        if (!granted) return reject(error instanceof Error ? error : new Error(String(error)))
        letGo = undefined
        // A held lock's request rejects with AbortError when another request steals it.
        options.onLost()
      })
    })
  }

  channel.addEventListener('message', ({ data }) => {
    if (data !== 'let-go' || letGo === undefined) return
    void options.onAskedToLetGo().finally(() => letGo?.())
  })

  return {
    acquire: async () => ((await request({ ifAvailable: true })) ? 'owned' : 'busy'),

    async takeOver() {
      channel.postMessage('let-go')
      try {
        await request({ signal: AbortSignal.timeout(options.takeOverMs ?? TAKE_OVER_MS) })
      } catch (error) {
        if (!isAbort(error) && !(error instanceof Error && error.name === 'TimeoutError')) throw error
        await request({ steal: true })
      }
      return 'owned'
    },

    release() {
      letGo?.()
      channel.close()
    },
  }
}

/** The lock of this browser, or undefined where it has no Web Locks. */
export function browserMachineLock(
  handlers: Pick<MachineLockOptions, 'onAskedToLetGo' | 'onLost'>,
): MachineLock | undefined {
  const manager: LockManager | undefined = navigator.locks
  if (manager === undefined) return undefined
  return createMachineLock({
    locks: { request: (name, how, callback) => manager.request(name, how, callback) },
    channel: new BroadcastChannel(NAME),
    ...handlers,
  })
}
