/** Gives files of the person's to a guest, one after the other, and says where they are. */

import type { DomainInfo } from '../../protocol/domain.ts'
import type { Seat } from '../../state/seat.ts'
import type { Shell } from '../shell/shell-store.ts'

export async function sendFiles(
  seat: Seat,
  shell: Shell,
  domain: DomainInfo,
  files: readonly File[],
): Promise<void> {
  const paths: string[] = []
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- a guest takes one at a time
    paths.push(await seat.call('sendFile', { id: domain.id, file: file.name, content: file }))
  }
  if (paths.length > 0) shell.say(`${domain.name} has ${paths.join(' and ')}.`)
}

/** Asks the person for files with the browser's own dialog; must be called in their event. */
export function chooseFiles(take: (files: readonly File[]) => void): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.addEventListener('change', () => take([...(input.files ?? [])]), { once: true })
  input.click()
}
