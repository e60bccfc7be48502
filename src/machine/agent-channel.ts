/**
 * The agent's channel over virtio-console port 0. Towards the host a guest has a budget of frames and bytes per
 * quarter second; one that exceeds it is held back, so that no guest floods the supervisor. Towards the guest bytes
 * wait until its driver has given buffers for them.
 */

import { AGENT_BYTES_PER_TURN, AGENT_FRAMES_PER_TURN } from '../protocol/agent.ts'
import { AgentFrameDecoder, type AgentFrame } from './agent-frames.ts'
import type { Internals } from './v86-internals.ts'

/** Linux gives its console port buffers of one page. */
const CHUNK_BYTES = 2048
/** Frames for a guest whose agent does not read: four of the largest. */
const WAITING_LIMIT_BYTES = 256 * 1024

export type AgentChannelHooks = {
  readonly frame: (frame: AgentFrame) => void
  readonly overBudget: () => void
  readonly replenished: () => void
}

type Chunk = { readonly bytes: Uint8Array; /** The first of its frame. */ readonly begins: boolean }

export class AgentChannel {
  readonly #internals: Internals
  readonly #hooks: AgentChannelHooks
  readonly #decoder = new AgentFrameDecoder()
  #framesLeft = AGENT_FRAMES_PER_TURN
  #bytesLeft = AGENT_BYTES_PER_TURN
  #waiting: Chunk[] = []
  #waitingBytes = 0

  constructor(internals: Internals, hooks: AgentChannelHooks) {
    this.#internals = internals
    this.#hooks = hooks
    internals.on('virtio-console0-output-bytes', (untrustedBytes: Uint8Array) => {
      this.#take(untrustedBytes)
    })
  }

  /** The guest wrote too much that was no frame; its channel is dead. */
  get broken(): boolean {
    return this.#decoder.broken
  }

  #take(untrustedBytes: Uint8Array): void {
    const wasOver = this.#overBudget()
    this.#bytesLeft -= untrustedBytes.length
    for (const frame of this.#decoder.push(untrustedBytes)) {
      this.#framesLeft--
      this.#hooks.frame(frame)
    }
    if (!wasOver && this.#overBudget()) this.#hooks.overBudget()
  }

  #overBudget(): boolean {
    return this.#framesLeft <= 0 || this.#bytesLeft <= 0
  }

  /** To be called four times a second. A debt is carried over. */
  replenish(): void {
    const wasOver = this.#overBudget()
    this.#framesLeft = Math.min(this.#framesLeft + AGENT_FRAMES_PER_TURN, AGENT_FRAMES_PER_TURN)
    this.#bytesLeft = Math.min(this.#bytesLeft + AGENT_BYTES_PER_TURN, AGENT_BYTES_PER_TURN)
    if (wasOver && !this.#overBudget()) this.#hooks.replenished()
  }

  /** Sends a whole frame. Answers whether it found room. */
  send(frame: Uint8Array): boolean {
    if (this.#waitingBytes + frame.length > WAITING_LIMIT_BYTES) return false
    for (let offset = 0; offset < frame.length; offset += CHUNK_BYTES)
      this.#waiting.push({ bytes: frame.slice(offset, offset + CHUNK_BYTES), begins: offset === 0 })
    this.#waitingBytes += frame.length
    this.deliver()
    return true
  }

  /** The rest of a frame of which the guest has the beginning: it belongs to the guest's state, whole frames do not. */
  get begun(): Uint8Array {
    const end = this.#waiting.findIndex(({ begins }) => begins)
    const rest = this.#waiting.slice(0, end < 0 ? undefined : end).map(({ bytes }) => bytes)
    const joined = new Uint8Array(rest.reduce((sum, { length }) => sum + length, 0))
    let offset = 0
    for (const bytes of rest) {
      joined.set(bytes, offset)
      offset += bytes.length
    }
    return joined
  }

  /** To be called once and before any `send` of a machine that resumes: what `begun` was when its state was taken. */
  goOn(begun: Uint8Array): void {
    for (let offset = 0; offset < begun.length; offset += CHUNK_BYTES)
      this.#waiting.push({ bytes: begun.slice(offset, offset + CHUNK_BYTES), begins: false })
    this.#waitingBytes += begun.length
  }

  /** After a slice, too: hands over what the guest has buffers for. */
  deliver(): void {
    if (this.#waiting.length === 0) return
    const queue = this.#internals.cpu.devices.virtio_console?.virtio.queues[0]
    if (queue === undefined) return
    // is_configured() answers an address, not a boolean.
    while (this.#waiting.length > 0 && queue.is_configured() && queue.has_request()) {
      const bytes = this.#waiting.shift()?.bytes ?? new Uint8Array()
      this.#waitingBytes -= bytes.length
      this.#internals.bus.send('virtio-console0-input-bytes', bytes)
    }
  }
}
