import { describe, expect, it } from 'vitest'
import type { SnapshotInfo } from '../../src/protocol/snapshot.ts'
import { goneDomains, pictureOf, treeOf } from '../../src/state/snapshots.ts'

function snapshot(id: string, parent: string | undefined, more: Partial<SnapshotInfo> = {}): SnapshotInfo {
  return {
    id,
    parent,
    domain: 'primary',
    appliance: 'primary',
    name: id,
    note: '',
    time: 0,
    machine: { engine: '', memoryMiB: 1, devices: '' },
    automatic: false,
    imageBytes: 0,
    ownBytes: 0,
    sharedBytes: 0,
    state: 'sound',
    ...more,
  }
}

const shape = (list: readonly SnapshotInfo[]) =>
  treeOf(list, 'primary').map(
    ({ snapshot: { id }, depth, starts }) => `${'>'.repeat(depth)}${id}${starts ? '*' : ''}`,
  )

describe('the tree of snapshots', () => {
  it('keeps a chain in one column and gives each fork one of its own', () => {
    const list = [
      snapshot('a', undefined),
      snapshot('b', 'a'),
      snapshot('c', 'b'),
      snapshot('d', 'b'),
      snapshot('e', 'c'),
    ]
    expect(shape(list)).toEqual(['a*', 'b', '>c*', '>e', '>d*'])
  })

  it('shows what lost its parent at the top, and neither automatic ones nor other domains’', () => {
    const list = [
      snapshot('a', 'gone'),
      snapshot('auto', 'a', { automatic: true }),
      snapshot('other', undefined, { domain: 'web' }),
      snapshot('b', 'auto'),
    ]
    expect(shape(list)).toEqual(['a*', 'b*'])
  })

  it('ends although an import claims to be its own ancestor', () => {
    expect(shape([snapshot('a', 'b'), snapshot('b', 'a'), snapshot('c', undefined)])).toEqual(['c*'])
  })

  it('is drawn of a chain that is as long as the store allows', () => {
    const list = Array.from({ length: 1024 }, (_, at) =>
      snapshot(String(at), at === 0 ? undefined : String(at - 1)),
    )
    expect(treeOf(list, 'primary')).toHaveLength(1024)
  })
})

describe('what else is shown', () => {
  it('names domains that are gone once each', () => {
    const list = [
      snapshot('a', undefined),
      snapshot('b', undefined, { domain: 'primary-2' }),
      snapshot('c', undefined, { domain: 'primary-2' }),
      snapshot('d', undefined, { domain: '', state: 'damaged' }),
    ]
    expect(goneDomains(list, ['primary'])).toEqual(['primary-2'])
  })

  it('takes a PNG for a picture and nothing else', () => {
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0)
    expect(pictureOf(png)?.type).toBe('image/png')
    expect(pictureOf(new TextEncoder().encode('<svg onload="x">'))).toBeUndefined()
    expect(pictureOf(new Uint8Array())).toBeUndefined()
  })
})
