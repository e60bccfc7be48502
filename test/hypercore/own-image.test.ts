/** Images of one's own: what is put into which drive, and that each starts by the BIOS and answers a key. */

import { afterEach, describe, expect, it } from 'vitest'
import { insert, ownMachine } from '../../src/hypercore/own-image.ts'
import { FLOPPY_BYTES, IMAGE_KINDS, type ImageKind, type OwnImage } from '../../src/protocol/own-image.ts'
import { bootableCd, bootableDisk, bootableFloppy, promReader } from '../support/boot-media.ts'
import { hostDomain, type DomainHost } from '../support/domain-host.ts'
import { biosBoot } from '../support/guest-images.ts'
import { Bench, handOff, volume } from './bench-board.ts'

const MEDIA: Readonly<Record<ImageKind, (words: string) => Blob>> = {
  floppy: bootableFloppy,
  'hard-disk': bootableDisk,
  cdrom: bootableCd,
}
const KINDS: readonly ImageKind[] = ['floppy', 'hard-disk', 'cdrom']

let host: DomainHost | undefined

afterEach(async () => {
  await host?.end()
  host = undefined
})

function image(kind: ImageKind, file = MEDIA[kind]('hello'), more: Partial<OwnImage> = {}): OwnImage {
  return { kind, file, profile: 'other', ...more }
}

describe('an image of one’s own', () => {
  it.each(KINDS)('starts from a %s by the BIOS, and answers a key', async (kind) => {
    const inserted = await insert(image(kind, MEDIA[kind](`started from the ${IMAGE_KINDS[kind]}`)))
    if (!inserted.ok) throw new Error(inserted.error.message)
    const boot = biosBoot()
    if (boot.kind !== 'bios') throw new Error('no BIOS')
    host = await hostDomain(ownMachine(inserted.value, boot, 32, undefined))
    await host.output(`started from the ${IMAGE_KINDS[kind]}`)
    // Scan code set 1: the key K down and up.
    host.display({ kind: 'keys', scancodes: [0x25, 0xa5] })
    expect(await host.output(/\nk$/)).toBe(true)
  })

  it('has a network card with the address that the switch knows', async () => {
    const inserted = await insert(image('floppy', promReader()))
    if (!inserted.ok) throw new Error(inserted.error.message)
    const boot = biosBoot()
    if (boot.kind !== 'bios') throw new Error('no BIOS')
    host = await hostDomain(ownMachine(inserted.value, boot, 32, '02:48:53:00:a7:0c'))
    expect(await host.output('02485300A70C')).toBe(true)
  })

  it('takes the primary’s place for as long as it exists, its lines of the policy included', async () => {
    const board = new Bench()
    await board.handOff(handOff())
    const create = () =>
      board.call({ name: 'create', args: { config: { appliance: 'own', image: image('cdrom') } } })
    const decide = (source: string) =>
      board.core.guard.decideFlow({ source, destination: 'internet', service: 'https' })
    expect(board.info('primary').primary).toBe(true)
    await create()
    expect([board.info('own-2').primary, decide('own-2')]).toEqual([false, 'deny'])

    expect(await board.on('own-2', 'setPrimary')).toEqual({ ok: true, value: undefined })
    expect([board.info('own-2').primary, board.info('primary').primary]).toEqual([true, false])
    expect([decide('own-2'), decide('primary')]).toEqual(['allow', 'allow'])
    expect(await board.on('web', 'setPrimary')).toMatchObject({ ok: false, error: { kind: 'forbidden' } })

    await board.on('own-2', 'remove')
    expect(board.info('primary').primary).toBe(true)
    // Another with the same id is another.
    await create()
    expect([board.info('own-2').primary, decide('own-2')]).toEqual([false, 'deny'])
  })

  it('is put into a machine of its profile, its own file beneath what is written', async () => {
    const board = new Bench()
    const volumes = [...handOff().volumes, volume('bios'), volume('vga-bios')]
    await board.handOff(handOff({ volumes }))
    const file = bootableDisk('hello')
    const config = { appliance: 'own', name: 'My disk', image: image('hard-disk', file, { profile: 'dos' }) }
    expect(await board.call({ name: 'create', args: { config } })).toEqual({ ok: true, value: 'own-2' })
    const started = board.on('own-2', 'start')
    await board.settle()
    const guest = board.latest('own-2')
    expect(guest.bootstrap.spec).toMatchObject({
      memoryMiB: 32,
      boot: { kind: 'bios', acpi: false, first: 'hard-disk' },
      hda: { kind: 'volatile', bytes: file.size, over: file },
      cdrom: undefined,
      mac: expect.any(String),
    })
    guest.says({ kind: 'running' })
    expect(await started).toEqual({ ok: true, value: undefined })
    // What polls with interrupts off is no news of a PC's own programs.
    guest.says({ kind: 'spinning', forMs: 5000 })
    expect(board.info('own-2').health).toEqual({ kind: 'ok' })
    // It has no agent: it is ready when it executes.
    expect(board.info('own-2')).toMatchObject({
      name: 'My disk',
      ready: true,
      disk: { sizeBytes: file.size, kept: false },
    })
  })

  it('is not started without the BIOS, and says what is missing', async () => {
    const board = new Bench()
    await board.handOff(handOff())
    await board.call({ name: 'create', args: { config: { appliance: 'own', image: image('cdrom') } } })
    expect(await board.on('own-2', 'start')).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('bios') },
    })
  })

  it('is padded to the next size of a floppy', async () => {
    const inserted = await insert(image('floppy', new Blob([new Uint8Array(1000 * 1024)])))
    expect(inserted).toMatchObject({ ok: true, value: { source: { bytes: 1200 * 1024 } } })
    for (const bytes of FLOPPY_BYTES)
      expect(await insert(image('floppy', new Blob([new Uint8Array(bytes)])))).toMatchObject({
        ok: true,
        value: { source: { bytes } },
      })
  })

  it.each([
    ['too little for a sector', image('cdrom', new Blob(['x']))],
    ['more than a floppy holds', image('floppy', new Blob([new Uint8Array(3 * 2 ** 20)]))],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a caller without types may send
    ['a profile that is none', image('cdrom', undefined, { profile: 'toString' as 'dos' })],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
    ['a drive that is none', { ...image('cdrom'), kind: 'tape' as ImageKind }],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
    ['a file that is none', { ...image('cdrom'), file: 'hello' as unknown as Blob }],
  ])('is refused with %s', async (_what, wrong) => {
    expect(await insert(wrong)).toMatchObject({ ok: false, error: { kind: 'malformed' } })
  })
})
