import { describe, expect, it } from 'vitest'
import type { Result } from '../../src/base/result.ts'
import { BlankBase } from '../../src/storage/overlay/blank-base.ts'
import { openDiskOverlay } from '../../src/storage/overlay/open-disk-overlay.ts'
import type { Fault } from '../../src/protocol/fault.ts'
import type { BlockStore } from '../../src/protocol/block-store.ts'
import { persistentDisk } from '../../src/hypercore/kept-disk.ts'
import { findAppliance } from '../../src/appliances/definitions.ts'
import { filled } from '../storage/overlay/overlay-model.ts'
import { Bench, handOff, idOf } from './bench-board.ts'

const VAULT_BYTES = 32 * 2 ** 20

async function bench(): Promise<Bench> {
  const made = new Bench()
  await made.handOff(handOff())
  return made
}

/** The vault's disk as its guest has it. */
async function vaultDisk(board: Bench): Promise<BlockStore> {
  const definition = findAppliance('vault')
  const disk = definition === undefined ? undefined : persistentDisk(definition)
  if (disk === undefined) throw new Error('the vault has no disk')
  const opened = await openDiskOverlay(disk, new BlankBase(VAULT_BYTES), async () => board.files)
  if (!opened.ok) throw opened.error
  return opened.value
}

async function written(board: Bench): Promise<void> {
  const disk = await vaultDisk(board)
  await disk.write(2 ** 20, filled(8192, 4))
  await disk.flush()
  disk.close()
}

function exported(board: Bench, id = 'vault'): Promise<Result<unknown, Fault>> {
  return board.call({ name: 'exportDisk', args: { id: idOf(id) } })
}

async function blobOf(result: Promise<Result<unknown, Fault>>): Promise<Blob> {
  const answer = await result
  if (!answer.ok || !(answer.value instanceof Blob)) throw new Error('no image came')
  return answer.value
}

async function bytesAt(image: Blob, offset: number, length: number): Promise<Uint8Array> {
  return new Uint8Array(await image.slice(offset, offset + length).arrayBuffer())
}

describe('a disk that outlives its domain', () => {
  it('is exported whole, imported elsewhere, and the same there', async () => {
    const [one, other] = [await bench(), await bench()]
    await written(one)
    const image = await blobOf(exported(one))
    expect(image.size).toBe(VAULT_BYTES)
    expect(await bytesAt(image, 2 ** 20, 8192)).toEqual(filled(8192, 4))
    expect(await bytesAt(image, 2 ** 20 + 8192, 512)).toEqual(new Uint8Array(512))
    const imported = await other.call({ name: 'importDisk', args: { id: idOf('vault'), file: image } })
    expect(imported).toMatchObject({ ok: true })
    expect(await bytesAt(await blobOf(exported(other)), 2 ** 20, 8192)).toEqual(filled(8192, 4))
  })

  it.each([
    ['of broken sectors', new Blob([new Uint8Array(1000)])],
    ['that is empty', new Blob([])],
    ['larger than the disk', new Blob(Array.from({ length: 33 }, () => new Uint8Array(2 ** 20)))],
  ])('stays what it is when an image is imported %s', async (_what, file) => {
    const board = await bench()
    await written(board)
    const refused = await board.call({ name: 'importDisk', args: { id: idOf('vault'), file } })
    expect(refused).toMatchObject({ ok: false, error: { kind: 'malformed' } })
    const disk = await vaultDisk(board)
    expect(await disk.read(2 ** 20, 8192)).toEqual(filled(8192, 4))
  })

  it('says how far it is with an image on its way, both ways', async () => {
    const board = await bench()
    await written(board)
    const image = await blobOf(exported(board))
    await board.call({ name: 'importDisk', args: { id: idOf('vault'), file: new File([image], 'a/b.img') } })
    const seen = board.events.flatMap((event) => (event.type === 'transfers' ? event.transfers : []))
    expect(seen).toContainEqual({
      id: 1,
      what: 'disk',
      source: 'vault',
      destination: 'host',
      file: 'vault.img',
      doneBytes: expect.any(Number),
      totalBytes: VAULT_BYTES,
    })
    expect(seen).toContainEqual(expect.objectContaining({ source: 'host', file: 'b.img', what: 'disk' }))
    expect(board.events.findLast(({ type }) => type === 'transfers')).toMatchObject({ transfers: [] })
  })

  it.each(['exportDisk', 'importDisk'] as const)('is what it was when an %s is cancelled', async (name) => {
    const board = await bench()
    await written(board)
    // Of another content, so that what was replaced could be told.
    const file = new Blob(Array.from({ length: 32 }, () => new Uint8Array(2 ** 20).fill(7)))
    board.onEvent = (event) => {
      if (event.type !== 'transfers') return
      for (const { id } of event.transfers)
        void board.call({ name: 'cancelTransfer', args: { transfer: id } })
    }
    const id = idOf('vault')
    const call = name === 'exportDisk' ? { name, args: { id } } : { name, args: { id, file } }
    expect(await board.call(call)).toMatchObject({
      ok: false,
      error: { kind: 'failed', message: expect.stringContaining('cancelled') },
    })
    const disk = await vaultDisk(board)
    expect(await disk.read(2 ** 20, 8192)).toEqual(filled(8192, 4))
    expect(await disk.read(0, 512)).toEqual(new Uint8Array(512))
    disk.close()
    await board.up('vault')
  })

  it('is its base again after a reset', async () => {
    const board = await bench()
    await written(board)
    expect(await board.call({ name: 'resetDisk', args: { id: idOf('vault') } })).toMatchObject({ ok: true })
    expect(await (await vaultDisk(board)).read(2 ** 20, 512)).toEqual(new Uint8Array(512))
  })

  it('is measured, also while its guest runs', async () => {
    const board = await bench()
    const usage = () => board.call({ name: 'diskUsage', args: { id: idOf('vault') } })
    expect(await usage()).toEqual({
      ok: true,
      value: { sizeBytes: VAULT_BYTES, storedBytes: 0, originBytes: 1000, quotaBytes: 2000 },
    })
    await written(board)
    await board.up('vault')
    const inUse = await vaultDisk(board)
    expect(await usage()).toMatchObject({ ok: true, value: { storedBytes: expect.any(Number) } })
    inUse.close()
    const storedBytes = board.files.folders.get('overlays')?.files.get('vault.hsd')?.bytes.length
    expect(storedBytes).toBeGreaterThan(8192)
    expect(await usage()).toMatchObject({ ok: true, value: { storedBytes } })
  })

  it('is left alone while its guest runs, in words that say what to do', async () => {
    const board = await bench()
    await board.up('vault')
    for (const call of [
      { name: 'exportDisk', args: { id: idOf('vault') } },
      { name: 'importDisk', args: { id: idOf('vault'), file: new Blob([new Uint8Array(512)]) } },
      { name: 'resetDisk', args: { id: idOf('vault') } },
    ] as const)
      expect(await board.call(call)).toMatchObject({
        ok: false,
        error: { kind: 'illegal-state', message: expect.stringContaining('Shut Vault down first') },
      })
  })

  it('keeps its domain from starting while it is in work, and one thing is done at a time', async () => {
    const board = await bench()
    await written(board)
    const first = exported(board)
    expect(await exported(board)).toMatchObject({ ok: false, error: { kind: 'illegal-state' } })
    expect(await board.on('vault', 'start')).toMatchObject({ ok: false, error: { kind: 'illegal-state' } })
    expect((await blobOf(first)).size).toBe(VAULT_BYTES)
    await board.up('vault')
  })

  it('is nothing that a domain without one has', async () => {
    expect(await exported(await bench(), 'web')).toMatchObject({
      ok: false,
      error: { kind: 'illegal-state' },
    })
  })

  it('is told of where it fails while its guest runs', async () => {
    const board = await bench()
    const guest = await board.up('vault')
    expect(board.info('vault').disk).toEqual({ sizeBytes: VAULT_BYTES, kept: true })
    expect(board.info('vault').diskTrouble).toBeUndefined()
    guest.says({ kind: 'disk-trouble', message: 'disk vault: the browser grants no more space.' })
    expect(board.info('vault').diskTrouble).toContain('no more space')
    expect(board.journal.some((line) => line.includes('no more space'))).toBe(true)
  })
})
