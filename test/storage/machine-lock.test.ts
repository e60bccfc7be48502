import { describe, expect, it, vi } from 'vitest'
import {
  createMachineLock,
  type Channel,
  type Locks,
  type MachineLock,
} from '../../src/storage/machine-lock.ts'

/** Web Locks for one name, as the standard orders them: holder, queue, ifAvailable, steal, abort. */
class FakeLocks implements Locks {
  #holder: { free: () => void; lose: (reason: Error) => void } | undefined
  readonly #queue: (() => void)[] = []

  request(
    _name: string,
    { ifAvailable, steal, signal }: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => Promise<void>,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const grant = (): void => {
        const holder = { free: () => {}, lose: reject }
        this.#holder = holder
        void callback({}).finally(() => {
          if (this.#holder === holder) this.#holder = undefined
          resolve(undefined)
          this.#queue.shift()?.()
        })
      }
      if (steal === true) {
        this.#holder?.lose(new DOMException('stolen', 'AbortError'))
        grant()
      } else if (this.#holder === undefined) grant()
      else if (ifAvailable === true) void callback(null).then(resolve)
      else {
        this.#queue.push(grant)
        signal?.addEventListener('abort', () => {
          const index = this.#queue.indexOf(grant)
          if (index < 0) return
          this.#queue.splice(index, 1)
          reject(new DOMException('too late', 'TimeoutError'))
        })
      }
    })
  }
}

type Listener = (event: { readonly data: unknown }) => void

/** BroadcastChannel: everyone but the sender hears it. */
class FakeChannels {
  readonly #open = new Map<Channel, Listener[]>()

  open(): Channel {
    const listeners: Listener[] = []
    const channel: Channel = {
      postMessage: (data) => {
        for (const [other, heard] of this.#open)
          if (other !== channel) for (const listener of heard) queueMicrotask(() => listener({ data }))
      },
      addEventListener: (_type, listener) => listeners.push(listener),
      close: () => this.#open.delete(channel),
    }
    this.#open.set(channel, listeners)
    return channel
  }
}

function tabs(takeOverMs = 10_000) {
  const locks = new FakeLocks()
  const channels = new FakeChannels()
  return (handlers: { letGo?: () => Promise<void>; lost?: () => void } = {}): MachineLock =>
    createMachineLock({
      locks,
      channel: channels.open(),
      takeOverMs,
      onAskedToLetGo: handlers.letGo ?? (async () => {}),
      onLost: handlers.lost ?? (() => {}),
    })
}

describe('the machine lock', () => {
  it('gives the machine to one tab and tells the second that it is busy', async () => {
    const tab = tabs()
    expect(await tab().acquire()).toBe('owned')
    expect(await tab().acquire()).toBe('busy')
  })

  it('is free again when the owner lets go', async () => {
    const tab = tabs()
    const first = tab()
    await first.acquire()
    first.release()
    await vi.waitFor(async () => expect(await tab().acquire()).toBe('owned'))
  })

  it('hands over only after the owner has shut its guests down', async () => {
    const tab = tabs()
    const order: string[] = []
    let guestsOff = (): void => {}
    const lost = vi.fn<() => void>()
    const owner = tab({
      lost,
      letGo: async () => {
        order.push('asked')
        await new Promise<void>((resolve) => {
          guestsOff = resolve
        })
        order.push('guests off')
      },
    })
    await owner.acquire()
    const second = tab()
    const taken = second.takeOver().then((result) => order.push(result))
    await vi.waitFor(() => expect(order).toEqual(['asked']))
    guestsOff()
    await taken
    expect(order).toEqual(['asked', 'guests off', 'owned'])
    expect(lost).not.toHaveBeenCalled()
    expect(await owner.acquire()).toBe('busy')
  })

  it('takes the machine from a tab that does not answer, which is told', async () => {
    const tab = tabs(5)
    const lost = vi.fn<() => void>()
    const owner = tab({ lost, letGo: () => new Promise(() => {}) })
    await owner.acquire()
    expect(await tab().takeOver()).toBe('owned')
    await vi.waitFor(() => expect(lost).toHaveBeenCalledTimes(1))
  })

  it('does not ask a tab that does not own it', async () => {
    const tab = tabs()
    const letGo = vi.fn<() => Promise<void>>(async () => {})
    const waiting = tab({ letGo })
    const owner = tab()
    await owner.acquire()
    expect(await waiting.acquire()).toBe('busy')
    await tab().takeOver()
    expect(letGo).not.toHaveBeenCalled()
  })
})
