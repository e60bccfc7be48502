/** Disks as a Linux guest sees them: what it has flushed is there in its next life, and errors are errors. */

import { afterEach, describe, expect, it } from 'vitest'
import { VolatileStore } from '../../src/machine/block-stores.ts'
import type { BlockStore } from '../../src/protocol/block-store.ts'
import type { MachineSpec } from '../../src/protocol/guest.ts'
import type { DomainHost } from '../support/domain-host.ts'
import { bootShell } from '../support/guest-shell.ts'

const MIB = 1024 * 1024

/** Bytes that outlive a machine, as a file does: what was flushed is stable, the rest goes with the power. */
class Medium {
  readonly stable = new VolatileStore(4 * MIB)
  flushes = 0
  /** Transfers at or beyond this offset fail. */
  badFrom = Number.POSITIVE_INFINITY
  answersLater = false

  open(): BlockStore {
    const cache: { offset: number; bytes: Uint8Array }[] = []
    const answer = <T>(value: () => T): T | Promise<T> =>
      this.answersLater ? new Promise((resolve) => setTimeout(resolve, 1)).then(value) : value()
    const check = (offset: number, length: number): void => {
      if (offset + length > this.badFrom) throw new Error('a bad sector')
    }
    return {
      size: this.stable.size,
      readOnly: false,
      read: (offset, length) =>
        answer(() => {
          check(offset, length)
          const bytes = this.stable.read(offset, length)
          for (const write of cache) {
            for (let at = 0; at < write.bytes.length; at += 512) {
              const to = write.offset + at - offset
              if (to >= 0 && to < length) bytes.set(write.bytes.subarray(at, at + 512), to)
            }
          }
          return bytes
        }),
      write: (offset, bytes) =>
        answer(() => {
          check(offset, bytes.length)
          cache.push({ offset, bytes })
        }),
      flush: () =>
        answer(() => {
          this.flushes++
          for (const { offset, bytes } of cache.splice(0)) this.stable.write(offset, bytes)
        }),
      close: () => undefined,
    }
  }
}

const DISKS: Partial<MachineSpec> = {
  hda: { kind: 'read-only', blob: new Blob([`on the volume\n${'x'.repeat(5000)}`]) },
  hdb: { kind: 'persistent', name: 'test', base: { kind: 'blank', bytes: 4 * MIB } },
}

let host: DomainHost | undefined

afterEach(async () => {
  await host?.end()
  host = undefined
})

async function boot(medium: Medium): Promise<DomainHost> {
  host = await bootShell(DISKS, { openDisk: () => medium.open() })
  return host
}

describe('the disks of a Linux guest', () => {
  for (const answersLater of [false, true]) {
    it(`keep what was flushed when the machine is killed (store answers ${answersLater ? 'later' : 'at once'})`, async () => {
      const medium = new Medium()
      medium.answersLater = answersLater
      const first = await boot(medium)
      expect(await first.run('cat /sys/block/sdb/queue/write_cache')).toBe('write back\n')
      await first.run('echo kept | busybox dd of=/dev/sdb conv=notrunc,fsync 2>/dev/null')
      expect(medium.flushes).toBeGreaterThan(0)
      const flushes = medium.flushes
      await first.run('echo lost | busybox dd of=/dev/sdb seek=8 conv=notrunc 2>/dev/null')
      expect(medium.flushes).toBe(flushes)
      await first.end()

      const second = await boot(medium)
      expect(await second.run('busybox head -c 5 /dev/sdb')).toBe('kept\n')
      expect(
        await second.run('busybox dd if=/dev/sdb skip=8 count=1 2>/dev/null | busybox tr -d "\\\\0"'),
      ).toBe('')
      const { counters } = await second.event('counters', (event) => event.counters.disk.reads > 0)
      expect(counters.disk.readBytes).toBeGreaterThan(512)
    })
  }

  it('tell it of a transfer that failed, and go on', async () => {
    const medium = new Medium()
    const guest = await boot(medium)
    medium.badFrom = 2 * MIB
    const read = 'busybox dd if=/dev/sdb of=/dev/null bs=64k skip=40 count=1 2>&1'
    expect(await guest.run(read)).toContain('I/O error')
    const write = 'busybox dd if=/dev/zero of=/dev/sdb bs=64k seek=40 count=1 conv=notrunc,fsync 2>&1'
    expect(await guest.run(write)).toContain('I/O error')
    expect(
      await guest.run('echo fine | busybox dd of=/dev/sdb conv=notrunc,fsync 2>&1 | busybox tail -n 1'),
    ).toContain('5 bytes')
    expect(await guest.run('busybox head -c 5 /dev/sdb')).toBe('fine\n')
  })

  it('read a volume as it is and do not let it be written', async () => {
    const guest = await boot(new Medium())
    expect(await guest.run('busybox head -n 1 /dev/sda')).toBe('on the volume\n')
    const write = 'echo no | busybox dd of=/dev/sda conv=notrunc,fsync 2>&1'
    expect(await guest.run(write)).toContain('I/O error')
    expect(await guest.run('busybox blockdev --flushbufs /dev/sda; busybox head -n 1 /dev/sda')).toContain(
      'on the volume\n',
    )
  })
})
