/** The network's capture at the page's service: started, stopped and emptied, told four times a second, given out as a file. */

import type { Dispose } from '../base/disposables.ts'
import { ok, type Result } from '../base/result.ts'
import { Capture, type CaptureClock } from '../fabric/capture/capture.ts'
import { writePcapng } from '../fabric/capture/pcapng.ts'
import { summarise } from '../fabric/capture/summary.ts'
import type { DropReason } from '../fabric/environment.ts'
import type { CaptureAct, CapturePort, PacketDirection } from '../protocol/packets.ts'
import type { SupervisorEvent } from '../protocol/supervisor.ts'

/** Lines that go to the page at a time; in a flood nobody reads more, and the file has the rest. */
const LINES_A_REPORT = 200

const COMMENT =
  'Every frame at the virtual switch’s ports, those it refused included. Between two guests a frame is there twice: ' +
  'as it left the one and as it reached the other. Times are the browser’s, and no finer than its clock.'

export class Packets {
  readonly #capture: Capture
  readonly #clock: CaptureClock
  readonly #emit: (event: SupervisorEvent) => void
  readonly #writer: string
  /** The newest frame that the page has been told of. */
  #told = 0
  #reported = ''

  /** `version`: HyperCore's, for the file. */
  constructor(clock: CaptureClock, emit: (event: SupervisorEvent) => void, version: string) {
    this.#capture = new Capture(clock)
    this.#clock = clock
    this.#emit = emit
    this.#writer = `HyperCore ${version}`
  }

  attach(port: CapturePort): Dispose {
    return this.#capture.attach(port)
  }

  observe(port: string, direction: PacketDirection, frame: Uint8Array): void {
    this.#capture.observe(port, direction, frame)
  }

  refused(port: string, reason: DropReason): void {
    this.#capture.refused(port, reason)
  }

  act(act: CaptureAct): Result<void, never> {
    if (act === 'clear') this.#told = 0
    this.#capture[act]()
    this.report()
    return ok(undefined)
  }

  /** `id`: of that domain's port alone. */
  file(id: string | undefined): Blob {
    const frames = this.#capture.frames(0, id)
    const ports = this.#capture.ports(id)
    const now = this.#clock.wallClock()
    const bytes = writePcapng({ ports, frames, writer: this.#writer, comment: COMMENT, now })
    return new Blob([bytes], { type: 'application/x-pcapng' })
  }

  /** Tells the page what is new; says nothing where nothing is. */
  report(): void {
    const report = this.#capture.report()
    const words = JSON.stringify(report)
    if (words === this.#reported) return
    this.#reported = words
    const rows = this.#capture
      .frames(this.#told + 1)
      .slice(-LINES_A_REPORT)
      .map(summarise)
    this.#told = report.seen
    this.#emit({ type: 'packets', report, rows })
  }
}
