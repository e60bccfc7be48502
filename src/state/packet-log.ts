/** The capture as the page knows it: its figures in a store, and the newest decoded frames in a ring beside it. */

import { createStore, type StoreApi } from 'zustand/vanilla'
import type { CaptureReport, PacketSummary } from '../protocol/packets.ts'
import type { SupervisorEvent } from '../protocol/supervisor.ts'

/** Rows that can be scrolled through; the file holds ten times as many. */
export const PACKET_ROWS = 5000

export class PacketLog {
  readonly store: StoreApi<CaptureReport> = createStore<CaptureReport>(() => ({
    recording: false,
    packets: 0,
    bytes: 0,
    seen: 0,
    ports: [],
  }))
  #rows: PacketSummary[] = []

  receive({ report, rows }: Extract<SupervisorEvent, { type: 'packets' }>): void {
    // Emptied: the supervisor counts from one again, and tells so before the next frame.
    const kept = report.seen === 0 ? [] : this.#rows
    this.#rows = rows.length === 0 ? kept : [...kept, ...rows].slice(-PACKET_ROWS)
    this.store.setState(report)
  }

  /** Oldest first; never changed once answered. In a flood there are gaps in the numbers. */
  rows(): readonly PacketSummary[] {
    return this.#rows
  }
}
