/** The agent's channel against a guest that floods it, and one that does not read. */

import { describe, expect, it } from 'vitest'
import { AgentChannel } from '../../src/machine/agent-channel.ts'
import { encodeAgentFrame } from '../../src/machine/agent-frames.ts'
import type { Internals } from '../../src/machine/v86-internals.ts'

/** A guest's side of the virtio console, with so many receive buffers. */
class Port {
  buffers = 0
  configured = true
  readonly received: Uint8Array[] = []
  #listener: (bytes: Uint8Array) => void = () => undefined

  internals(): Internals {
    const queue = { is_configured: () => this.configured, has_request: () => this.buffers > 0 }
    const parts = {
      cpu: { devices: { virtio_console: { virtio: { queues: [queue] } } } },
      bus: {
        send: (_name: string, bytes: Uint8Array) => {
          this.buffers--
          this.received.push(bytes)
        },
      },
      on: (_name: string, listener: (bytes: Uint8Array) => void) => {
        this.#listener = listener
      },
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts of the machine that the channel uses
    return parts as unknown as Internals
  }

  write(bytes: Uint8Array): void {
    this.#listener(bytes)
  }
}

function channelOn(port: Port): { channel: AgentChannel; log: string[] } {
  const log: string[] = []
  const channel = new AgentChannel(port.internals(), {
    frame: ({ type }) => log.push(`frame ${type}`),
    overBudget: () => log.push('over'),
    replenished: () => log.push('replenished'),
  })
  return { channel, log }
}

describe('the agent’s channel', () => {
  it('holds a guest back that sends more frames than its budget, and lets it go on a turn later', () => {
    const port = new Port()
    const { channel, log } = channelOn(port)
    const frame = encodeAgentFrame(3, new Uint8Array())
    for (let count = 0; count < 255; count++) port.write(frame)
    expect(log.filter((line) => line !== 'frame 3')).toEqual([])
    port.write(frame)
    expect(log.at(-1)).toBe('over')
    channel.replenish()
    expect(log.at(-1)).toBe('replenished')
    expect(log.filter((line) => line === 'frame 3')).toHaveLength(256)
  })

  it('makes a guest pay off a burst of bytes before it goes on', () => {
    const port = new Port()
    const { channel, log } = channelOn(port)
    port.write(new Uint8Array(3 * 1024 * 1024 - 1))
    expect(log).toEqual(['over'])
    channel.replenish()
    expect(log).toEqual(['over'])
    channel.replenish()
    expect(log).toEqual(['over', 'replenished'])
    expect(channel.broken).toBe(true)
  })

  it('keeps what the guest has no buffers for, in order, until it has', () => {
    const port = new Port()
    const { channel } = channelOn(port)
    const payload = Uint8Array.from({ length: 5000 }, (_, index) => index & 0xff)
    port.configured = false
    port.buffers = 9
    expect(channel.send(encodeAgentFrame(0x82, payload))).toBe(true)
    expect(port.received).toEqual([])
    port.configured = true
    port.buffers = 1
    channel.deliver()
    expect(port.received).toHaveLength(1)
    port.buffers = 9
    channel.deliver()
    expect(Buffer.concat(port.received).equals(encodeAgentFrame(0x82, payload))).toBe(true)
  })

  it('refuses frames for a guest that never reads, instead of keeping them all', () => {
    const { channel } = channelOn(new Port())
    const frame = encodeAgentFrame(0x82, new Uint8Array(60_000))
    expect([1, 2, 3, 4, 5].map(() => channel.send(frame))).toEqual([true, true, true, true, false])
  })
})
