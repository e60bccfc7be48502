/** Images of one's own: what is put into which drive, and that each starts by the BIOS and answers a key. */

import { afterEach, describe, expect, it, vi } from 'vitest'
import { insert, ownMachine, type InsertedImage } from '../../src/hypercore/own-image.ts'
import type { DiskInfo } from '../../src/protocol/disk.ts'
import type { MachineSpec } from '../../src/protocol/guest.ts'
import {
  BOOT_ORDERS,
  FLOPPY_BYTES,
  IMAGE_KINDS,
  PROFILES,
  type BootOrder,
  type ImageKind,
  type NetworkCard,
  type OwnImage,
} from '../../src/protocol/own-image.ts'
import { bootableCd, bootableDisk, bootableFloppy, pciReader, promReader } from '../support/boot-media.ts'
import { hostDomain, type DomainHost } from '../support/domain-host.ts'
import { biosBoot } from '../support/guest-images.ts'
import { Bench, handOff, idOf, volume } from './bench-board.ts'

const MEDIA: Readonly<Record<ImageKind, (words: string) => Blob>> = {
  floppy: bootableFloppy,
  'hard-disk': bootableDisk,
  cdrom: bootableCd,
}
const KINDS: readonly ImageKind[] = ['floppy', 'hard-disk', 'cdrom']

const never = (): boolean => false

let host: DomainHost | undefined

afterEach(async () => {
  await host?.end()
  host = undefined
})

function image(kind: ImageKind, file = MEDIA[kind]('hello'), more: Partial<OwnImage> = {}): OwnImage {
  return { kind, file, profile: 'other', ...more }
}

function withOrder(untrustedOrder: unknown): OwnImage {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a caller without types may send
  return image('cdrom', undefined, { bootOrder: untrustedOrder as BootOrder })
}

async function inserted(wanted: OwnImage): Promise<InsertedImage> {
  const result = await insert(wanted, never)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

async function machineFor(wanted: OwnImage, mac?: string): Promise<MachineSpec> {
  const boot = biosBoot()
  if (boot.kind !== 'bios') throw new Error('no BIOS')
  return ownMachine(await inserted(wanted), boot, 32, mac)
}

function orderWith(place: 0 | 2, kind: ImageKind): BootOrder {
  const order = BOOT_ORDERS.find((each) => each[place] === kind)
  if (order === undefined) throw new Error('no such order')
  return order
}

describe('an image of one’s own', () => {
  it.each(KINDS)('starts from a %s by the BIOS, though tried last, and answers a key', async (kind) => {
    const file = MEDIA[kind](`started from the ${IMAGE_KINDS[kind]}`)
    host = await hostDomain(await machineFor(image(kind, file, { bootOrder: orderWith(2, kind) })))
    await host.output(`started from the ${IMAGE_KINDS[kind]}`)
    // Scan code set 1: the key K down and up.
    host.display({ kind: 'keys', scancodes: [0x25, 0xa5] })
    expect(await host.output(/\nk$/)).toBe(true)
  })

  it.each(KINDS)('starts from a %s where that is first of three', async (kind) => {
    const [floppy, disk, cd] = await Promise.all(
      (['floppy', 'hard-disk', 'cdrom'] as const).map((each) =>
        machineFor(image(each, MEDIA[each](`it was the ${each}`), { bootOrder: orderWith(0, kind) })),
      ),
    )
    if (floppy === undefined || disk === undefined || cd === undefined) throw new Error('three machines')
    host = await hostDomain({ ...floppy, hda: disk.hda, cdrom: cd.cdrom })
    expect(await host.output(`it was the ${kind}`)).toBe(true)
  })

  // Device and vendor of the PCI specification: Realtek's 8029, and virtio's network card.
  it.each([
    ['ne2000', ['802910EC']],
    ['virtio', ['10411AF4']],
    ['none', []],
  ] as const)('has a network card of the model %s and no other', async (card, devices) => {
    const mac = card === 'none' ? undefined : '02:48:53:00:a7:0c'
    host = await hostDomain(await machineFor(image('floppy', pciReader(), { card }), mac))
    await host.output(/[\dA-F]{8} \.$/)
    expect(host.text.match(/802910EC|10411AF4/g) ?? []).toEqual(devices)
  })

  it('has a network card with the address that the switch knows', async () => {
    host = await hostDomain(await machineFor(image('floppy', promReader()), '02:48:53:00:a7:0c'))
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
      vgaMemoryMiB: 2,
      boot: { kind: 'bios', acpi: false, order: ['floppy', 'hard-disk', 'cdrom'] },
      card: 'ne2000',
      hda: { kind: 'persistent', base: { kind: 'file', blob: file } },
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
      disk: { sizeBytes: file.size, kept: true, ofFile: true },
    })
  })

  it('has the changes to its hard disk kept by the content of its file, for one machine at a time', async () => {
    const board = new Bench()
    await board.handOff(handOff())
    const create = async (file: Blob, kind: ImageKind = 'hard-disk'): Promise<DiskInfo | undefined> => {
      const made = await board.call({
        name: 'create',
        args: { config: { appliance: 'own', image: image(kind, file) } },
      })
      return made.ok ? board.info(String(made.value)).disk : undefined
    }
    const sizeBytes = 2 ** 23
    const [first, same, other] = [0, 0, 1].map((byte) => {
      const bytes = new Uint8Array(sizeBytes)
      bytes[sizeBytes - 1] = byte
      return new Blob([bytes])
    })
    if (first === undefined || same === undefined || other === undefined) throw new Error('three files')
    expect(await create(first)).toEqual({ sizeBytes, kept: true, ofFile: true })
    expect(await create(same)).toEqual({ sizeBytes, kept: false, ofFile: true })
    expect(await create(other)).toEqual({ sizeBytes, kept: true, ofFile: true })
    await board.on('own-2', 'remove')
    expect(await create(same)).toEqual({ sizeBytes, kept: true, ofFile: true })
    expect(await create(bootableFloppy('hello'), 'floppy')).toBeUndefined()
  })

  it('says that it goes on with changes that are kept, and is as its file after a reset', async () => {
    const board = new Bench()
    await board.handOff(handOff())
    const file = bootableDisk('hello')
    const create = () =>
      board.call({
        name: 'create',
        args: { config: { appliance: 'own', name: 'Mine', image: image('hard-disk', file) } },
      })
    const told = () => board.journal.filter((text) => text.includes('goes on with the changes'))
    await create()
    const changed = new Blob([new Uint8Array(await file.arrayBuffer()).fill(7, 600, 700)])
    expect(
      await board.call({ name: 'importDisk', args: { id: idOf('own-2'), file: changed } }),
    ).toMatchObject({
      ok: true,
    })
    expect(told()).toEqual([])
    await board.on('own-2', 'remove')
    await create()
    await vi.waitFor(() => expect(told()).toEqual([expect.stringContaining('Mine: goes on')]))
    expect(await board.call({ name: 'resetDisk', args: { id: idOf('own-2') } })).toMatchObject({ ok: true })
    const exported = await board.call({ name: 'exportDisk', args: { id: idOf('own-2') } })
    if (!exported.ok || !(exported.value instanceof Blob)) throw new Error('no image')
    expect(await exported.value.text()).toBe(await file.text())
  })

  it('writes to memory where nothing is kept', async () => {
    const board = new Bench()
    const { platform, ...rest } = handOff()
    const storage = { kind: 'memory', why: 'a private window', remedy: 'Open another.' } as const
    await board.handOff({ ...rest, platform: { ...platform, storage } })
    await board.call({ name: 'create', args: { config: { appliance: 'own', image: image('hard-disk') } } })
    expect(board.info('own-2').disk).toMatchObject({ kept: false })
  })

  it('has what was chosen instead of its profile’s: memory, card and boot order', async () => {
    const board = new Bench()
    const volumes = [...handOff().volumes, volume('bios'), volume('vga-bios')]
    await board.handOff(handOff({ volumes }))
    const bootOrder: BootOrder = ['hard-disk', 'cdrom', 'floppy']
    const create = (card: NetworkCard) => {
      const chosen = image('cdrom', undefined, { profile: 'linux', card, bootOrder })
      return board.call({
        name: 'create',
        args: { config: { appliance: 'own', memoryMiB: 48, image: chosen } },
      })
    }
    await create('virtio')
    await create('none')
    const machineOf = async (id: string) => {
      void board.on(id, 'start')
      await board.settle()
      return board.latest(id).bootstrap
    }
    const virtio = await machineOf('own-2')
    expect(virtio.spec).toMatchObject({
      memoryMiB: 48,
      vgaMemoryMiB: PROFILES.linux.vgaMemoryMiB,
      boot: { acpi: true, order: bootOrder },
      card: 'virtio',
      mac: expect.any(String),
    })
    expect(virtio.network).toBeInstanceOf(MessagePort)
    const none = await machineOf('own-3')
    expect(none.spec.mac).toBeUndefined()
    expect(none.network).toBeUndefined()
  })

  it.each([
    [513, 'over-budget', '512'],
    [8, 'malformed', '16 to 2048'],
    [64.5, 'malformed', '16 to 2048'],
    [Number.NaN, 'malformed', '16 to 2048'],
    [4096, 'malformed', '16 to 2048'],
  ])('is refused at once with %d MiB of memory', async (memoryMiB, kind, words) => {
    const board = new Bench()
    await board.handOff(handOff())
    const config = { appliance: 'own', memoryMiB, image: image('cdrom') }
    expect(await board.call({ name: 'create', args: { config } })).toMatchObject({
      ok: false,
      error: { kind, message: expect.stringContaining(words) },
    })
    expect(board.core.domains().map(({ id }) => id)).not.toContain('own-2')
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
    const inserted = await insert(image('floppy', new Blob([new Uint8Array(1000 * 1024)])), never)
    expect(inserted).toMatchObject({ ok: true, value: { source: { bytes: 1200 * 1024 } } })
    for (const bytes of FLOPPY_BYTES)
      expect(await insert(image('floppy', new Blob([new Uint8Array(bytes)])), never)).toMatchObject({
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
    ['a card that is none', image('cdrom', undefined, { card: 'constructor' as NetworkCard })],
    ['a boot order with a drive twice', withOrder(['cdrom', 'cdrom', 'floppy'])],
    ['a boot order that is too short', withOrder(['cdrom', 'hard-disk'])],
    ['a boot order that is too long', withOrder(['cdrom', 'hard-disk', 'floppy', 'cdrom'])],
    ['a boot order of another kind', withOrder({ 0: 'cdrom', 1: 'hard-disk', 2: 'floppy', length: 3 })],
    ['a boot order that is a word', withOrder('cdrom')],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
    ['a file that is none', { ...image('cdrom'), file: 'hello' as unknown as Blob }],
  ])('is refused with %s', async (_what, wrong) => {
    expect(await insert(wrong, never)).toMatchObject({ ok: false, error: { kind: 'malformed' } })
  })
})
