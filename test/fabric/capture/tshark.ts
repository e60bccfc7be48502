/** Runs Wireshark's command line over a file, as the outside judge of what we write. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const TSHARK_VERSION = /^TShark[^\n]*/.exec(
  spawnSync('tshark', ['--version'], { encoding: 'utf8' }).stdout ?? '',
)?.[0]

/** Said by tshark itself when it runs as root, and not about the file. */
const ABOUT_ROOT = /^Running as user "root".*\n?/m

export type Verdict = {
  readonly status: number | null
  readonly complaints: string
  readonly output: string
}

/** tshark on `file`, with arguments of its own after `-r FILE`. */
export function tshark(file: Uint8Array, ...more: readonly string[]): Verdict {
  const folder = mkdtempSync(join(tmpdir(), 'capture-'))
  try {
    const path = join(folder, 'capture.pcapng')
    writeFileSync(path, file)
    const run = spawnSync('tshark', ['-r', path, ...more], { encoding: 'utf8', maxBuffer: 2 ** 28 })
    return { status: run.status, complaints: run.stderr.replace(ABOUT_ROOT, ''), output: run.stdout }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
