/** What a start takes out of the volumes that the firmware handed over, as they lie in flash. */

import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { findAppliance } from '../../src/appliances/definitions.ts'
import type { BootParts } from '../../src/hypercore/environment.ts'
import { Flash } from '../../src/hypercore/flash.ts'
import { handOff, idOf, volume } from './bench-board.ts'

const definition = findAppliance('web')
if (definition === undefined) throw new Error('there is no web appliance')
const WEB = {
  id: idOf('web'),
  definition,
  memoryMiB: 64,
  persistentDisk: false,
  mac: undefined,
}

/** A flash whose kernel is packed, and says so many bytes of itself. */
function flashWithKernel(contentSize: number): Flash {
  const content = new Blob([new Uint8Array(gzipSync('the kernel'))])
  const kernel = volume('kernel', undefined, { content, encoding: 'gzip', contentSize })
  const volumes = handOff().volumes.map((found) => (found.role === 'kernel' ? kernel : found))
  return new Flash({ volumes, refused: [] })
}

describe('a packed volume', () => {
  it('is unpacked for the boot image', async () => {
    const parts: BootParts[] = []
    const spec = await flashWithKernel(10).buildSpec(WEB, (image) => {
      parts.push(image)
      return new ArrayBuffer(4)
    })
    expect(spec.ok).toBe(true)
    expect(new TextDecoder().decode(parts[0]?.kernel)).toBe('the kernel')
  })

  it.each([9, 11])('of another length than it says (%s) starts nothing', async (length) => {
    const spec = await flashWithKernel(length).buildSpec(WEB, () => new ArrayBuffer(4))
    expect(spec).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('could not be read: Error: kernel: it unpacks to') },
    })
  })

  it('is a disk of the size that comes out of it, packed until it is read', () => {
    const content = new Blob(['packed'])
    const web = volume('appliance', 'web', { content, encoding: 'gzip', contentSize: 4096 })
    const spec = new Flash({ volumes: [web], refused: [] }).hardware(WEB)
    expect(spec).toMatchObject({ ok: true, value: { hda: { blob: content, unpackedBytes: 4096 } } })
  })
})
