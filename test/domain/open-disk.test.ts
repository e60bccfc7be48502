import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openDisk } from '../../src/domain/open-disk.ts'
import type { DiskSource } from '../../src/protocol/guest.ts'

const bytes = Uint8Array.from({ length: 3000 }, (_, index) => index & 0xff)
const blob = new Blob([new Uint8Array(gzipSync(bytes))])

function open(source: DiskSource, readsSoon: boolean) {
  const none = () => Promise.reject(new Error('no persistent disk is asked for'))
  return openDisk(source, readsSoon, none, () => undefined)
}

describe('a packed volume as a guest’s disk', () => {
  it('is unpacked before a guest runs that will read of it', async () => {
    const opened = await open({ kind: 'read-only', blob, unpackedBytes: 3000 }, true)
    expect(opened.ok && opened.value.read(0, 512)).toEqual(bytes.subarray(0, 512))
  })

  it('stays packed for a guest that has in memory what it needs', async () => {
    const opened = await open({ kind: 'read-only', blob, unpackedBytes: 3000 }, false)
    const first = opened.ok ? opened.value.read(0, 512) : undefined
    expect(first).toBeInstanceOf(Promise)
    expect(await first).toEqual(bytes.subarray(0, 512))
  })

  it('that does not unpack ends the start in words, instead of an I/O error in the guest', async () => {
    const opened = await open({ kind: 'read-only', blob, unpackedBytes: 2999 }, true)
    expect(opened).toMatchObject({
      ok: false,
      error: { message: 'A volume could not be unpacked: it unpacks to more than 2999 bytes.' },
    })
  })
})
