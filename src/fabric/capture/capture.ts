/**
 * What passes the switch's ports, kept in a bounded ring while somebody records: the newest frames stay, the oldest give
 * way, and how many did is counted. Off, it costs one comparison a frame.
 */

import type { Dispose } from '../../base/disposables.ts'
import type { CapturePort, CaptureReport, PacketDirection } from '../../protocol/packets.ts'
import type { DropReason } from '../environment.ts'

/** A minute of a guest that browses; a file of this size opens at once in any analyser. */
const MOST_PACKETS = 50_000
const MOST_BYTES = 16 * 1024 * 1024

/** Of a frame; the longest that is carried has 1,514 bytes, and what is longer is refused anyway. */
export const SNAPSHOT_LENGTH = 2048

/** A port as it was while a frame passed it; the counts are since the capture was last emptied. */
export type CapturedPort = CapturePort & {
  seen: number
  /** Of those, the ones no longer held. */
  letGo: number
}

export type CapturedFrame = {
  readonly number: number
  /** Milliseconds since 1970, with a fraction. */
  readonly at: number
  readonly port: CapturedPort
  readonly direction: PacketDirection
  /** Its first SNAPSHOT_LENGTH bytes. */
  readonly bytes: Uint8Array
  readonly length: number
  dropped: DropReason | undefined
}

export type CaptureClock = {
  /** Milliseconds, monotonic and fine. */
  now(): number
  /** Milliseconds since 1970. */
  wallClock(): number
}

export type CaptureLimits = { readonly packets: number; readonly bytes: number }

export class Capture {
  readonly #clock: CaptureClock
  readonly #limits: CaptureLimits
  readonly #attached = new Map<string, CapturedPort>()
  /** The newest frame of each port that came from its guest: what the switch refuses next is that one. */
  readonly #latest = new Map<string, CapturedFrame>()
  #frames: CapturedFrame[] = []
  /** Index of the oldest that is held. */
  #first = 0
  #bytes = 0
  #seen = 0
  #recording = false
  /** Between the two clocks: the wall's may be set while we record, and order must not change. */
  #epoch = 0

  constructor(clock: CaptureClock, limits: CaptureLimits = { packets: MOST_PACKETS, bytes: MOST_BYTES }) {
    this.#clock = clock
    this.#limits = limits
  }

  get recording(): boolean {
    return this.#recording
  }

  start(): void {
    if (this.#recording) return
    this.#recording = true
    this.#epoch = this.#clock.wallClock() - this.#clock.now()
  }

  stop(): void {
    this.#recording = false
    this.#latest.clear()
  }

  clear(): void {
    this.#frames = []
    this.#first = 0
    this.#bytes = 0
    this.#seen = 0
    this.#latest.clear()
    for (const port of this.#attached.values()) {
      port.seen = 0
      port.letGo = 0
    }
  }

  /** A port is there from now on, until the answer is called. */
  attach(spec: CapturePort): Dispose {
    const port: CapturedPort = { ...spec, seen: 0, letGo: 0 }
    this.#attached.set(spec.id, port)
    return () => {
      // Of a domain that was started again, the port of its life before ends late.
      if (this.#attached.get(spec.id) !== port) return
      this.#attached.delete(spec.id)
      this.#latest.delete(spec.id)
    }
  }

  /** The frame is copied. */
  observe(id: string, direction: PacketDirection, frame: Uint8Array): void {
    if (!this.#recording) return
    const port = this.#attached.get(id)
    if (port === undefined) return
    this.#seen += 1
    port.seen += 1
    const captured: CapturedFrame = {
      number: this.#seen,
      at: this.#epoch + this.#clock.now(),
      port,
      direction,
      bytes: frame.slice(0, SNAPSHOT_LENGTH),
      length: frame.length,
      dropped: undefined,
    }
    this.#frames.push(captured)
    this.#bytes += captured.bytes.length
    if (direction === 'from-guest') this.#latest.set(id, captured)
    while (this.held > this.#limits.packets || this.#bytes > this.#limits.bytes) this.#letOldestGo()
  }

  /** The frame that last came from this port's guest was not carried. */
  refused(id: string, reason: DropReason): void {
    const latest = this.#latest.get(id)
    if (latest !== undefined) latest.dropped = reason
    this.#latest.delete(id)
  }

  /** Frames that are held. */
  get held(): number {
    return this.#frames.length - this.#first
  }

  /** Oldest first, from number `from` on; `id`: of that domain's ports alone. */
  frames(from = 0, id?: string): CapturedFrame[] {
    const oldest = this.#frames[this.#first]?.number ?? 0
    const begin = this.#first + Math.max(0, from - oldest)
    const frames = this.#frames.slice(begin)
    return id === undefined ? frames : frames.filter(({ port }) => port.id === id)
  }

  /** Every port that is attached, and those that held frames came by. */
  ports(id?: string): CapturedPort[] {
    const ports = new Set([...this.frames().map(({ port }) => port), ...this.#attached.values()])
    return [...ports].filter((port) => id === undefined || port.id === id)
  }

  report(): CaptureReport {
    const ports = [...this.#attached.values()].map(({ id, mac, address }) => ({ id, mac, address }))
    return {
      recording: this.#recording,
      packets: this.held,
      bytes: this.#bytes,
      seen: this.#seen,
      ports,
    }
  }

  #letOldestGo(): void {
    const oldest = this.#frames[this.#first]
    if (oldest === undefined) return
    this.#first += 1
    this.#bytes -= oldest.bytes.length
    oldest.port.letGo += 1
    // Moved down once half of the array is behind us, so that each frame is moved about once.
    if (this.#first * 2 < this.#frames.length) return
    this.#frames = this.#frames.slice(this.#first)
    this.#first = 0
  }
}
