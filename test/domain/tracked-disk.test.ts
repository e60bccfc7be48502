import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TrackedDisk, type DiskCapture } from '../../src/domain/tracked-disk.ts'
import { VolatileStore } from '../../src/machine/block-stores.ts'
import type { BlockStore } from '../../src/protocol/block-store.ts'
import type { PageBatch } from '../../src/protocol/store.ts'

const BLOCK = 4096
const BLOCKS = 600

function fill(value: number, sectors = 8): Uint8Array {
  return new Uint8Array(sectors * 512).fill(value)
}

/** Applies captured pages to an image of the disk. */
function apply(image: Uint8Array, { indices, bytes, zeros }: PageBatch): void {
  for (const [position, block] of indices.entries())
    image.set(bytes.subarray(position * BLOCK, (position + 1) * BLOCK), block * BLOCK)
  for (const block of zeros) image.fill(0, block * BLOCK, (block + 1) * BLOCK)
}

function contents(disk: BlockStore): Uint8Array {
  const bytes = disk.read(0, disk.size)
  if (bytes instanceof Promise) throw new Error('this disk answers at once')
  return bytes.slice()
}

describe('a tracked disk', () => {
  it('gives the blocks as they were at the capture, whatever the guest writes meanwhile', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({
              sector: fc.nat(BLOCKS * 8 - 16),
              sectors: fc.integer({ min: 1, max: 16 }),
              value: fc.nat(3),
            }),
            fc.constantFrom('capture', 'batch', 'stored', 'failed'),
          ),
          { maxLength: 80 },
        ),
        (steps) => {
          const disk = new TrackedDisk(new VolatileStore(BLOCKS * BLOCK))
          const stored = new Uint8Array(BLOCKS * BLOCK)
          let open:
            | { capture: DiskCapture; batches: Iterator<PageBatch>; was: Uint8Array; copy: Uint8Array }
            | undefined
          const finish = (kept: boolean): void => {
            if (open === undefined) return
            for (let next = open.batches.next(); next.done !== true; next = open.batches.next())
              apply(open.copy, next.value)
            expect(Buffer.compare(open.copy, open.was)).toBe(0)
            open.capture.settle(kept)
            if (kept) stored.set(open.copy)
            else {
              disk.forgetStored()
              stored.fill(0)
            }
            open = undefined
          }
          for (const step of steps) {
            if (typeof step !== 'string') void disk.write(step.sector * 512, fill(step.value, step.sectors))
            else if (step === 'capture' && open === undefined) {
              const capture = disk.capture(false)
              const batches = capture.batches()[Symbol.iterator]()
              open = { capture, batches, was: contents(disk), copy: stored.slice() }
            } else if (step === 'batch') {
              const next = open?.batches.next()
              if (open !== undefined && next?.done === false) apply(open.copy, next.value)
            } else if (step !== 'capture') finish(step === 'stored')
          }
          finish(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('hands over what changed alone, once something is stored', () => {
    const disk = new TrackedDisk(new VolatileStore(BLOCKS * BLOCK))
    void disk.write(0, fill(1, 64))
    const first = disk.capture(false)
    expect(first.blocks).toBeGreaterThanOrEqual(8)
    expect([...first.batches()].length).toBeGreaterThan(0)
    first.settle(true)
    void disk.write(5 * BLOCK, fill(2))
    const second = disk.capture(false)
    expect(second.blocks).toBe(1)
    second.settle(true)
    expect(disk.capture(false).blocks).toBe(0)
  })

  it('is refused where the store cannot say where it holds anything: a file that is read late', () => {
    const late: BlockStore = {
      size: BLOCK,
      readOnly: false,
      read: () => Promise.resolve(new Uint8Array(BLOCK)),
      write: () => undefined,
      flush: () => undefined,
      close: () => undefined,
    }
    expect(() => new TrackedDisk(late).capture(false)).toThrow('answers late')
  })
})
