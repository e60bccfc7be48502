/** A LUKS2 disk as it is read outside of the product: by its on-disk format, and by cryptsetup where that is installed. */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** LUKS2 On-Disk Format Specification 1.1, section 2.1: the binary header’s fields. */
const AT = { version: 6, size: 8, algorithm: 72, offset: 256, checksum: 448, metadata: 4096 }
const CHECKSUM_BYTES = 64

/** The first header’s metadata, its checksum being right. @throws Error where it is no LUKS2 header */
export function luksMetadata(disk: Buffer): unknown {
  if (disk.subarray(0, 6).toString('latin1') !== 'LUKS\xba\xbe' || disk.readUInt16BE(AT.version) !== 2)
    throw new Error('no LUKS2')
  const header = Buffer.from(disk.subarray(0, Number(disk.readBigUInt64BE(AT.size))))
  if (header.readBigUInt64BE(AT.offset) !== 0n) throw new Error('a header that belongs elsewhere')
  const algorithm = header.toString('latin1', AT.algorithm, AT.algorithm + 32).replaceAll('\0', '')
  const checksum = Buffer.from(header.subarray(AT.checksum, AT.checksum + CHECKSUM_BYTES))
  header.fill(0, AT.checksum, AT.checksum + CHECKSUM_BYTES)
  const right = createHash(algorithm).update(header).digest()
  if (!right.equals(checksum.subarray(0, right.length))) throw new Error('a wrong checksum')
  return JSON.parse(header.toString('utf8', AT.metadata).replace(/\0[^]*$/, ''))
}

/** What `cryptsetup luksDump` says and how it ends; undefined where it is not installed. */
export function luksDump(
  disk: Uint8Array,
): { readonly status: number | null; readonly text: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'vault-'))
  try {
    const path = join(folder, 'vault.img')
    writeFileSync(path, disk)
    const { error, status, stdout, stderr } = spawnSync('cryptsetup', ['luksDump', path], {
      encoding: 'utf8',
    })
    return error === undefined ? { status, text: stdout + stderr } : undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}
