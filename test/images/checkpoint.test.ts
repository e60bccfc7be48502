import { afterEach, describe, expect, it } from 'vitest'
import { GuestFrame, HostFrame } from '../../src/protocol/agent.ts'
import { Guest, KeptDisk, type GuestOptions, type GuestState } from '../support/boot-guest.ts'
import { resumedPayload } from '../support/resumed-frame.ts'

const MIB = 1024 * 1024
const PROMPT = /# \S*$/
const guests: Guest[] = []

async function boot(options: GuestOptions): Promise<Guest> {
  const guest = await Guest.boot(options)
  guests.push(guest)
  return guest
}

/** Goes on as somebody else, three years on. */
async function resume(state: GuestState, options: GuestOptions): Promise<Guest> {
  const guest = await Guest.resume(state, options)
  guests.push(guest)
  guest.send(
    HostFrame.resumed,
    resumedPayload({ unixMs: Date.UTC(2029, 4, 6, 7, 8, 9), mac: '02:48:53:aa:bb:cc', hostname: 'copy' }),
  )
  guest.send(HostFrame.ping, Uint8Array.of(4, 3, 2, 1))
  return guest
}

afterEach(() => {
  for (const guest of guests.splice(0)) guest.dispose()
})

const types = (guest: Guest): number[] => guest.agentFrames.map(({ type }) => type)

/** The console's text without what moves its cursor and colours it. */
function words(text: string): string {
  // oxlint-disable-next-line no-control-regex -- a full-screen program's output
  return text.replaceAll(/\x1b(\[[0-9;?]*[a-zA-Z]|\(B)/g, '').replaceAll(/\s+/g, ' ')
}

function nonZeroPages({ ram }: GuestState): number {
  let pages = 0
  for (let at = 0; at < ram.length; at += 4096)
    if (ram.subarray(at, at + 4096).some((byte) => byte !== 0)) pages++
  return pages
}

describe('a state taken before the disk', () => {
  const primary = (disk: KeptDisk, words: string): GuestOptions => ({
    role: 'primary',
    memoryMiB: 96,
    volume: 'primary.sqfs',
    mac: '02:48:53:00:00:01',
    disk,
    commandLine: `hs.disk=sdb ${words}`,
  })

  it('waits, touches no disk, and goes on with the disk, the name and the time of who resumes it', async () => {
    const used = new KeptDisk(64 * MIB)
    const owner = await boot(primary(used, ''))
    await owner.see(PROMPT, 120_000)
    await owner.run('echo of the owner >/root/file; sync', PROMPT)
    owner.type('poweroff\n')
    await owner.untilEnd()

    const blank = new KeptDisk(64 * MIB)
    const baked = await boot(primary(blank, 'hs.checkpoint'))
    await baked.waitFor(() => types(baked).includes(GuestFrame.checkpoint), 120_000, 'checkpoint')
    expect(types(baked)).toEqual([GuestFrame.hello, GuestFrame.checkpoint])
    const state = await baked.capture()
    expect(blank.read(0, MIB).every((byte) => byte === 0)).toBe(true)

    const resumed = await resume(state, primary(used, 'hs.checkpoint'))
    await resumed.see(PROMPT, 120_000)
    await resumed.untilReady()
    expect(types(resumed)).toEqual([GuestFrame.pong, GuestFrame.ready])
    const seen = await resumed.run(
      'cat /root/file; hostname; date -u +%Y-%m-%dT%H:%M; cat /sys/class/net/eth0/address',
      PROMPT,
    )
    expect(seen).toContain('of the owner')
    expect(seen).toContain('copy')
    expect(seen).toContain('2029-05-06T07:08')
    expect(seen).toContain('02:48:53:aa:bb:cc')
  })

  it('formats a disk that is blank', async () => {
    const baked = await boot(primary(new KeptDisk(64 * MIB), 'hs.checkpoint'))
    await baked.waitFor(() => types(baked).includes(GuestFrame.checkpoint), 120_000, 'checkpoint')
    const disk = new KeptDisk(64 * MIB)
    const resumed = await resume(await baked.capture(), primary(disk, 'hs.checkpoint'))
    await resumed.see('Formatting the new disk /dev/sdb.', 120_000)
    await resumed.see(PROMPT, 120_000)
    expect(await resumed.run('echo new >/root/file && cat /root/file', PROMPT)).toContain('new')
  })

  it('answers pings and takes the window size while it waits', async () => {
    const baked = await boot(primary(new KeptDisk(64 * MIB), 'hs.checkpoint'))
    await baked.waitFor(() => types(baked).includes(GuestFrame.checkpoint), 120_000, 'checkpoint')
    baked.machine.agent.send(new TextEncoder().encode('no frame HVC'))
    baked.send(HostFrame.resize, Uint8Array.of(101, 0, 33, 0))
    baked.send(HostFrame.resumed, Uint8Array.of(1, 2, 3))
    baked.send(HostFrame.ping, Uint8Array.of(7, 7, 7, 7))
    await baked.waitFor(() => types(baked).includes(GuestFrame.pong), 30_000, 'pong')
    expect(types(baked)).not.toContain(GuestFrame.ready)
    const resumed = await resume(await baked.capture(), primary(new KeptDisk(64 * MIB), 'hs.checkpoint'))
    await resumed.see(PROMPT, 120_000)
    expect(await resumed.run('stty size', PROMPT)).toContain('33 101')
  })

  it('of the messaging appliance joins its lobby with the disk, the nick and the time of who resumes it', async () => {
    const messaging = (disk: KeptDisk, more: string): GuestOptions => ({
      role: 'messaging',
      memoryMiB: 32,
      volume: 'messaging.sqfs',
      disk,
      commandLine: `hs.disk=sdb ${more}`,
    })
    const blank = new KeptDisk(16 * MIB)
    const baked = await boot(messaging(blank, 'hs.nick=ada hs.checkpoint'))
    await baked.waitFor(() => types(baked).includes(GuestFrame.checkpoint), 120_000, 'checkpoint')
    const state = await baked.capture()
    expect(blank.read(0, MIB).every((byte) => byte === 0)).toBe(true)
    const resumed = await resume(state, messaging(new KeptDisk(16 * MIB), ''))
    await resumed.see('Formatting the new disk /dev/sdb.', 120_000)
    await resumed.untilReady(120_000)
    await resumed.waitFor(
      () => /Channel #lobby created Sun May 6 07:\d\d:\d\d 2029/.test(words(resumed.text)),
      120_000,
      'the lobby',
    )
    expect(words(resumed.text)).toContain('ada [~person@127.0.0.1] has joined #lobby')
  })

  it('of the vault shows what the disk of who resumes it holds', async () => {
    const vault = (disk: KeptDisk, more: string): GuestOptions => ({
      role: 'vault',
      memoryMiB: 64,
      volume: 'vault.sqfs',
      disk,
      commandLine: `init_on_free=1 ${more}`,
    })
    const baked = await boot(vault(new KeptDisk(32 * MIB), 'hs.checkpoint'))
    await baked.waitFor(() => types(baked).includes(GuestFrame.checkpoint), 120_000, 'checkpoint')
    const used = new KeptDisk(32 * MIB)
    const header = new Uint8Array(512)
    header.set([...new TextEncoder().encode('LUKS'), 0xba, 0xbe])
    used.write(0, header)
    const resumed = await resume(await baked.capture(), vault(used, 'hs.checkpoint'))
    await resumed.see('The disk holds ciphertext. Nothing here knows the key.', 120_000)
    expect(resumed.text).not.toContain('This disk holds no vault yet.')
  })
})

describe('a state taken at the first screen', () => {
  const management = (words: string): GuestOptions => ({
    role: 'management',
    memoryMiB: 32,
    commandLine: words,
  })

  it('is of a guest that did not wait, holds little but what is used, and shows its first screen anew', async () => {
    const plain = await boot(management(''))
    await plain.untilReady()
    const baked = await boot(management('hs.checkpoint'))
    await baked.untilReady()
    expect(types(baked)).toEqual([GuestFrame.hello, GuestFrame.ready])
    await baked.see(PROMPT)
    const state = await baked.capture()
    expect(nonZeroPages(state)).toBeLessThan(nonZeroPages(await plain.capture()) - 200)

    const resumed = await resume(state, management('hs.checkpoint'))
    await resumed.see(/the one guest whose calls[^]*root@copy.*# \S*$/)
    expect(await resumed.run('date -u +%Y-%m-%dT%H:%M', PROMPT)).toContain('2029-05-06T07:08')
  })

  it('is not undone by a later one: who was at work finds the line again that was being typed', async () => {
    const guest = await boot(management('hs.checkpoint'))
    await guest.see(PROMPT)
    const first = await resume(await guest.capture(), management('hs.checkpoint'))
    await first.see(/root@copy.*# \S*$/)
    first.type('echo half a li')
    await first.see('half a li')
    const second = await resume(await first.capture(), management('hs.checkpoint'))
    await second.see(/root@copy.*# .*echo half a li/)
    second.type('ne\n')
    await second.see(/^half a line\r?$/m)
    expect(second.text).not.toContain('the one guest whose calls')
  })
})
