/**
 * The frame layer of the agent's channel (protocol/agent.ts): bytes from a guest in, frames out. Every byte is hostile;
 * what is held is bounded by one frame, and a channel that carries mostly something else is given up.
 */

import { AGENT_HEADER_BYTES, AGENT_MAGIC, AGENT_MAX_PAYLOAD } from '../protocol/agent.ts'

/**
 * Bytes outside frames after which the channel is broken. A guest that boots with something else on the port (a
 * getty, a kernel console) writes a few lines; more is no agent.
 */
const GARBAGE_LIMIT_BYTES = 64 * 1024

const MAGIC_BYTES = [0, 8, 16, 24].map((shift) => (AGENT_MAGIC >>> shift) & 0xff)

export type AgentFrame = { readonly type: number; readonly untrustedPayload: Uint8Array<ArrayBuffer> }

export class AgentFrameDecoder {
  readonly #header = new Uint8Array(AGENT_HEADER_BYTES)
  #headerLength = 0
  #payload: Uint8Array<ArrayBuffer> | undefined
  #payloadLength = 0
  #garbage = 0

  /** Nothing more is taken from this guest's port. */
  get broken(): boolean {
    return this.#garbage > GARBAGE_LIMIT_BYTES
  }

  /** The frames that `untrustedBytes` complete. Between frames, bytes are skipped until one begins. */
  push(untrustedBytes: Uint8Array): AgentFrame[] {
    const frames: AgentFrame[] = []
    let offset = 0
    while (offset < untrustedBytes.length && !this.broken) {
      if (this.#payload === undefined) this.#takeHeaderByte(untrustedBytes[offset++] ?? 0)
      else {
        const taken = Math.min(this.#payload.length - this.#payloadLength, untrustedBytes.length - offset)
        this.#payload.set(untrustedBytes.subarray(offset, offset + taken), this.#payloadLength)
        this.#payloadLength += taken
        offset += taken
      }
      if (this.#payload !== undefined && this.#payloadLength === this.#payload.length) {
        frames.push({ type: this.#view().getUint16(4, true), untrustedPayload: this.#payload })
        this.#payload = undefined
        this.#headerLength = 0
      }
    }
    return frames
  }

  #view(): DataView {
    return new DataView(this.#header.buffer)
  }

  #takeHeaderByte(byte: number): void {
    this.#header[this.#headerLength++] = byte
    this.#dropWhatIsNoHeader()
    if (this.#headerLength < AGENT_HEADER_BYTES) return
    const length = this.#view().getUint32(8, true)
    this.#payload = new Uint8Array(length)
    this.#payloadLength = 0
  }

  /** Moves the header's bytes up until they can be the beginning of one. */
  #dropWhatIsNoHeader(): void {
    while (this.#headerLength > 0 && !this.#mayBegin()) {
      this.#header.copyWithin(0, 1, this.#headerLength)
      this.#headerLength--
      this.#garbage++
    }
  }

  #mayBegin(): boolean {
    const given = Math.min(this.#headerLength, MAGIC_BYTES.length)
    for (let index = 0; index < given; index++) {
      if (this.#header[index] !== MAGIC_BYTES[index]) return false
    }
    const view = this.#view()
    if (this.#headerLength >= 8 && view.getUint16(6, true) !== 0) return false
    return this.#headerLength < AGENT_HEADER_BYTES || view.getUint32(8, true) <= AGENT_MAX_PAYLOAD
  }
}

/** A whole frame for the guest. @throws RangeError when the payload is too long: the host's own bug */
export function encodeAgentFrame(type: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  if (payload.length > AGENT_MAX_PAYLOAD) throw new RangeError(`a payload of ${payload.length} bytes`)
  const frame = new Uint8Array(AGENT_HEADER_BYTES + payload.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, AGENT_MAGIC, true)
  view.setUint16(4, type, true)
  view.setUint32(8, payload.length, true)
  frame.set(payload, AGENT_HEADER_BYTES)
  return frame
}
