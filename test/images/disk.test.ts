import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { APPLIANCES } from '../../src/appliances/definitions.ts'
import { Guest, KeptDisk } from '../support/boot-guest.ts'

const MIB = 1024 * 1024
const PROMPT = /# \S*$/
const guests: Guest[] = []

afterEach(() => {
  for (const guest of guests.splice(0)) guest.dispose()
})

async function bootPrimary(disk: KeptDisk): Promise<Guest> {
  const guest = await Guest.boot({
    role: 'primary',
    memoryMiB: 96,
    volume: 'primary.sqfs',
    disk,
    commandLine: 'hs.disk=sdb',
  })
  guests.push(guest)
  await guest.untilReady(120_000)
  await guest.see(PROMPT)
  return guest
}

/** The ext4 superblock's state: 1 is clean. Its incompatible features: 4 is a journal to replay. */
async function superblock(disk: KeptDisk): Promise<{ magic: number; state: number; replay: boolean }> {
  const bytes = disk.read(1024, 1024)
  const fields = new DataView(bytes.buffer, bytes.byteOffset)
  return {
    magic: fields.getUint16(0x38, true),
    state: fields.getUint16(0x3a, true),
    replay: (fields.getUint32(0x60, true) & 4) !== 0,
  }
}

describe('an appliance that formats its disk', () => {
  it.each(['primary', 'messaging'])('has an empty one of the right size in its volume: %s', (name) => {
    const file = new URL(`../../images/appliances/${name}/disk.txt`, import.meta.url)
    const size = readFileSync(file, 'utf8').replaceAll(/^#.*$/gm, '').trim()
    expect(Number(size)).toBe(APPLIANCES.find((appliance) => appliance.name === name)?.disk?.sizeMiB)
  })
})

describe("the primary's disk", () => {
  it('is formatted when blank, and keeps what was synced when the machine is killed', async () => {
    const disk = new KeptDisk(64 * MIB)
    const first = await bootPrimary(disk)
    expect(first.text).toContain('Formatting the new disk /dev/sdb.')
    await first.run('echo kept > /root/file; mkdir /opt/folder; rm /etc/hostname; sync', PROMPT)
    first.dispose()

    expect((await superblock(disk)).replay).toBe(true)
    const second = await bootPrimary(disk)
    expect(second.text).not.toContain('Formatting')
    const seen = await second.run('cat /root/file; ls -d /opt/folder; ls /etc/hostname', PROMPT)
    expect(seen).toContain('kept')
    expect(seen).toContain('/opt/folder')
    expect(seen).toContain('No such file')
  })

  it('is clean after a power-off', async () => {
    const disk = new KeptDisk(64 * MIB)
    const guest = await bootPrimary(disk)
    await guest.run('echo kept > /root/file', PROMPT)
    guest.type('poweroff\n')
    expect(await guest.untilEnd()).toEqual({ kind: 'powered-off' })
    expect(await superblock(disk)).toEqual({ magic: 0xef53, state: 1, replay: false })
  })

  it('is left untouched when it holds something else, and the person is told', async () => {
    const disk = new KeptDisk(64 * MIB)
    const before = new TextEncoder().encode('a disk of someone else, 512 bytes'.padEnd(512))
    disk.write(0, before.slice())
    const guest = await bootPrimary(disk)
    expect(guest.text).toContain('not ext4 and stays untouched')
    expect(disk.read(0, 512)).toEqual(before)
    expect(await guest.run('touch /root/file && echo works', PROMPT)).toContain('works')
  })
})
