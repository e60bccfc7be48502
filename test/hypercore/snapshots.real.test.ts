/** Snapshots, restores and clones of real guests, with the real store in a thread of its own and files in a folder. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SnapshotsReport, SnapshotTaken } from '../../src/protocol/snapshot.ts'
import { idOf } from './bench-board.ts'
import { allVolumes, realHandOff, RealMachine } from './real-machine.ts'

const OPFS = { kind: 'opfs', quotaBytes: undefined, usedBytes: undefined } as const

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hyperspace-snapshots-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function powerOn(
  starting: readonly string[],
  hibernating: readonly string[] = [],
): Promise<RealMachine> {
  const given = await realHandOff({ volumes: allVolumes() }, starting)
  const settings = Object.entries(given.settings.appliances).map(
    ([name, chosen]) => [name, { ...chosen, memoryMiB: name === 'primary' ? 96 : 48 }] as const,
  )
  return RealMachine.powerOn(
    {
      ...given,
      settings: { ...given.settings, appliances: Object.fromEntries(settings) },
      platform: { ...given.platform, storage: OPFS },
    },
    { folder, hibernating },
  )
}

async function take(machine: RealMachine, id: string, name: string): Promise<SnapshotTaken> {
  const args = { id: idOf(id), name, note: '', thumbnail: new Uint8Array() }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the protocol says of this call
  return (await machine.call({ name: 'snapshot', args })) as SnapshotTaken
}

function report(machine: RealMachine): SnapshotsReport | undefined {
  const event = machine.events.findLast(({ type }) => type === 'snapshots')
  return event?.type === 'snapshots' ? event.report : undefined
}

async function restore(machine: RealMachine, snapshotId: string): Promise<string> {
  return String(await machine.call({ name: 'restore', args: { snapshotId } }))
}

describe('a snapshot of a running guest', () => {
  it('is gone back to, more than once, and each one after the first stores what changed', async () => {
    await using machine = await powerOn(['management'])
    await machine.ready('management')
    await machine.run('management', 'echo first > /tmp/file')
    const first = await take(machine, 'management', 'with first')
    // All that is not zeros.
    expect(first.changedPages).toBeGreaterThan(1000)
    expect(first.changedPages).toBeLessThan((48 * 2 ** 20) / 4096)
    expect(await machine.run('management', 'cat /tmp/file; echo second > /tmp/file')).toContain('first')
    const second = await take(machine, 'management', 'with second')
    expect(second.changedPages).toBeLessThan(first.changedPages / 4)

    expect(await restore(machine, first.id)).toBe('management')
    await machine.ready('management')
    expect(await machine.run('management', 'cat /tmp/file; echo third > /tmp/file')).toMatch(/first/)
    await restore(machine, second.id)
    await machine.ready('management')
    expect(await machine.run('management', 'cat /tmp/file')).toMatch(/second/)

    const told = report(machine)
    expect(told?.snapshots.map(({ name, parent }) => [name, parent])).toEqual([
      ['with first', undefined],
      ['with second', first.id],
    ])
    expect(told?.current).toEqual([['management', second.id]])
    expect(machine.journal.join('\n')).toMatch(/snapshot “with first” taken; \d+ ms of pause/)
  })

  it('has the disk with it: both go back together, and nothing of the later disk is left', async () => {
    await using machine = await powerOn(['primary'])
    await machine.ready('primary')
    await machine.run('primary', 'cd; echo before > file; sync')
    const { id } = await take(machine, 'primary', 'before')
    await machine.run('primary', 'rm file; head -c 3000000 /dev/urandom > noise; sync')
    await restore(machine, id)
    await machine.ready('primary')
    expect(await machine.run('primary', 'ls; cat file')).toMatch(/file.*\s+before/)
    const log = await machine.run(
      'primary',
      'sync; echo 3 > /proc/sys/vm/drop_caches; cat file; ls; dmesg | grep -i ext4',
    )
    expect(log).toContain('before')
    expect(log).not.toMatch(/noise|error|corrupt/i)
  })

  it('is not taken of a vault, nor is a vault cloned, in words', async () => {
    await using machine = await powerOn(['vault'])
    await machine.ready('vault')
    const refused = await machine.refusal(take(machine, 'vault', 'secret'))
    expect(refused).toMatchObject({ kind: 'forbidden', message: expect.stringContaining('holds the key') })
    expect(await machine.refusal(machine.on('vault', 'clone'))).toMatchObject({ kind: 'forbidden' })
    expect(report(machine)?.snapshots).toEqual([])
  })
})

describe('a clone', () => {
  it('runs on beside its origin with an address and a name of its own, neither seeing what the other changes', async () => {
    await using machine = await powerOn(['primary'])
    await machine.ready('primary')
    await machine.run('primary', 'cd; echo common > file; sync; marker=here')
    const clone = String(await machine.on('primary', 'clone'))
    expect(clone).toBe('primary-2')
    await machine.ready(clone)
    // Its console begins with what is typed: the prompt was printed in the life before.
    expect(await machine.run(clone, 'echo $marker; cat file; echo clone > file; sync')).toMatch(
      /here\s+common/,
    )
    expect(await machine.run('primary', 'cat file; echo origin > file; sync')).toContain('common')
    await machine.run(clone, 'echo 3 > /proc/sys/vm/drop_caches')
    expect(await machine.run(clone, 'cat file')).toContain('clone')
    expect(await machine.run('primary', 'cat file')).toContain('origin')
    const who = 'hostname; cat /sys/class/net/e*/address; head -c 8 /dev/urandom | od -An -tx1'
    const [a, b] = [await machine.run('primary', who), await machine.run(clone, who)]
    expect(a).toMatch(/^primary\s+02:48:53/m)
    expect(b).toMatch(/^primary-2\s+02:48:53/m)
    const [linesOfA, linesOfB] = [a.trim().split('\n'), b.trim().split('\n')]
    for (const [index, line] of linesOfA.entries()) expect(linesOfB[index]).not.toBe(line)
  })
})

describe('a domain that hibernates', () => {
  it('goes on where it was left, and what it wrote to its disk since makes it start afresh', async () => {
    {
      await using machine = await powerOn(['primary'])
      await machine.ready('primary')
      // Until the file system's own journal has come to rest, too.
      await machine.run('primary', 'cd; marker=kept; sync; sleep 7; sync')
      await machine.call({ name: 'setHibernate', args: { id: idOf('primary'), on: true } })
      expect(report(machine)?.hibernating).toEqual(['primary'])
    }
    {
      await using machine = await powerOn(['primary'], ['primary'])
      await machine.ready('primary')
      expect(machine.journal.join('\n')).toContain('goes on where it was left')
      expect(await machine.run('primary', 'echo $marker')).toContain('kept')
      await machine.run('primary', 'echo later > later; sync')
    }
    await using machine = await powerOn(['primary'], ['primary'])
    await machine.ready('primary')
    expect(machine.journal.join('\n')).toMatch(/starts afresh: .*disk has changed/)
    await machine.until('a prompt', () => machine.text('primary').endsWith('# ') || undefined)
    expect(await machine.run('primary', 'cd; cat later; echo marker=$marker.')).toMatch(/later\s+marker=\./)
  })
})
