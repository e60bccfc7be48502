/** Saves what the stage shows of the focused domain as a PNG among the person's downloads. */

import { focusedDomain } from '../../state/machine-store.ts'
import type { Seat } from '../../state/seat.ts'
import { saveBlob } from '../files/save-blob.ts'
import type { StageController } from '../stage/stage-controller.ts'

export async function saveScreenshot(seat: Seat, stage: StageController): Promise<void> {
  const domain = focusedDomain(seat.store.getState())
  if (domain === undefined) return
  saveBlob(await stage.screenshot(domain.id), `${domain.id}-${fileTime(new Date())}.png`)
}

/** Local time as “2026-11-22-184502”: sorts, and is legal in every file system. */
function fileTime(date: Date): string {
  const two = (value: number) => value.toString().padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`
}
