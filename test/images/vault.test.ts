/** The vault in the product's own machine: what it keeps, what it refuses, and what its disk gives away. */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import manifest from '../../images/manifest.json' with { type: 'json' }
import { Guest, KeptDisk } from '../support/boot-guest.ts'
import { luksDump, luksMetadata } from './luks.ts'

const MIB = 2 ** 20
const PASSPHRASE = 'correct horse battery staple'
const OTHER_PASSPHRASE = 'a shorter horse altogether'
const SECRET = 'the-cellar-door-opens-at-4711'
/** Argon2id over 16 MiB on an interpreted processor that other tests share. */
const SLOW = 120_000

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

const commandLine =
  manifest.volumes.find((volume) => 'appliance' in volume && volume.appliance === 'vault')
    ?.kernelCommandLine ?? ''

const guests: Guest[] = []

afterEach(() => {
  for (const guest of guests.splice(0)) guest.dispose()
})

/** The vault at its menu. */
async function boot(disk?: KeptDisk): Promise<Guest> {
  const guest = await Guest.boot({
    role: 'vault',
    volume: 'vault.sqfs',
    commandLine,
    memoryMiB: 64,
    ...(disk === undefined ? {} : { disk }),
  })
  guests.push(guest)
  await guest.untilReady()
  return guest
}

/** Presses a key of the menu and waits for what it leads to. */
async function press(guest: Guest, key: string, until: RegExp | string): Promise<string> {
  const from = guest.text.length
  guest.type(key)
  await guest.see(until, SLOW, from)
  return guest.text.slice(from)
}

async function shell(guest: Guest): Promise<void> {
  await press(guest, '!', /vault:~# $/)
}

/** Runs a command in the vault's shell; its output and its exit code. */
async function run(guest: Guest, line: string): Promise<{ readonly text: string; readonly code: number }> {
  const seen = await guest.run(`${line}; echo "[$?]"`, /:~# $/, SLOW)
  const [, text = '', code] = /^([^]*)\[(\d+)\]\n[^]*$/.exec(seen) ?? []
  return { text, code: Number(code) }
}

async function powerOff(guest: Guest): Promise<void> {
  guest.type('poweroff\n')
  expect(await guest.untilEnd()).toEqual({ kind: 'powered-off' })
}

describe('the vault as commands', () => {
  it('keeps a secret behind its passphrase, signs, and puts neither secret nor passphrase on its disk', async () => {
    const disk = new KeptDisk(32 * MIB)
    const first = await boot(disk)
    await shell(first)
    expect((await run(first, 'vault state')).text).toBe('blank\n')
    expect((await run(first, 'vault fetch pin')).code).toBe(2)

    const created = await run(first, `echo '${PASSPHRASE}' | vault create`)
    expect(created).toMatchObject({ code: 0 })
    expect(created.text).toContain('Argon2id over 16 MiB, 4 passes')
    expect(await run(first, `printf %s ${SECRET} | vault store pin`)).toMatchObject({ code: 0 })
    expect(await run(first, 'head -c 60000 /dev/urandom >/tmp/f; vault store blob </tmp/f')).toMatchObject({
      code: 0,
    })
    expect((await run(first, 'vault fetch blob | cmp - /tmp/f')).code).toBe(0)
    expect((await run(first, 'vault list')).text).toBe('blob\npin\n')

    const lock = await run(first, 'vault lock')
    expect(lock.text).toContain('as far as the kernel has freed them')
    expect((await run(first, 'ls -a /run/vault; vault fetch pin')).text).not.toContain(SECRET)
    expect((await run(first, 'echo wrong | vault open')).code).toBe(3)
    expect(await run(first, `echo '${PASSPHRASE}' | vault open`)).toMatchObject({ code: 0 })
    await powerOff(first)
    first.dispose()

    expect(luksMetadata(disk.bytes)).toMatchObject({
      keyslots: { 0: { type: 'luks2', kdf: { type: 'argon2id', time: 4, memory: 16_384 } } },
      segments: { 0: { type: 'crypt', encryption: 'xchacha12,aes-adiantum-plain64' } },
    })
    const dumped = luksDump(disk.bytes) ?? { status: 0, text: 'cryptsetup is not installed' }
    expect(dumped).toEqual({ status: 0, text: expect.stringMatching(/argon2id|not installed/) })
    expect(disk.bytes.includes(SECRET)).toBe(false)
    expect(disk.bytes.includes(PASSPHRASE)).toBe(false)

    const second = await boot(disk)
    await shell(second)
    expect((await run(second, 'vault state')).text).toBe('locked\n')
    expect(await run(second, `echo '${PASSPHRASE}' | vault open`)).toMatchObject({ code: 0 })
    expect((await run(second, 'vault fetch pin; echo')).text).toBe(`${SECRET}\n`)

    await run(second, 'echo a letter >/tmp/m; vault sign /tmp/m >/tmp/m.minisig')
    expect((await run(second, 'minisign -Vm /tmp/m -P $(vault pubkey)')).text).toContain('verified')
    await run(second, 'echo another letter >/tmp/m')
    expect((await run(second, 'minisign -Vm /tmp/m -P $(vault pubkey)')).code).toBe(1)
    for (const left of ['*.key', '*.message'])
      // oxlint-disable-next-line no-await-in-loop -- one console
      expect((await run(second, `find /tmp /root /run -xdev -name '${left}'`)).text).toBe('')

    expect(
      await run(second, `printf '%s\\n' '${PASSPHRASE}' '${OTHER_PASSPHRASE}' | vault passwd`),
    ).toMatchObject({ code: 0 })
    expect((await run(second, 'vault remove blob && vault list')).text).toContain('\npin\n')
    await run(second, 'vault lock')
    expect((await run(second, `echo '${PASSPHRASE}' | vault open`)).code).toBe(3)
    expect((await run(second, `echo '${OTHER_PASSPHRASE}' | vault open`)).code).toBe(0)
    expect((await run(second, 'vault fetch pin; echo')).text).toBe(`${SECRET}\n`)
    expect(disk.bytes.includes(SECRET)).toBe(false)
    expect(disk.bytes.includes(OTHER_PASSPHRASE)).toBe(false)
  })
})

/** Making one takes two runs of Argon2id, so these have one together. */
describe('an open vault', () => {
  let guest: Guest

  beforeAll(async () => {
    guest = await boot(new KeptDisk(32 * MIB))
    guests.pop()
    await shell(guest)
    await run(guest, `echo '${PASSPHRASE}' | vault create`)
  })

  afterAll(() => guest.dispose())

  it('refuses names that lead elsewhere, and what it does not know', async () => {
    for (const name of ['../keys/sign.key', '.new', "''", 'a/b'])
      // oxlint-disable-next-line no-await-in-loop -- one console
      expect((await run(guest, `vault fetch ${name}`)).code).toBe(64)
    expect((await run(guest, 'vault fetch nothing')).text).toContain('there is no secret called nothing')
    expect((await run(guest, 'vault dance')).code).toBe(64)
    expect((await run(guest, `echo '${OTHER_PASSPHRASE}' | vault create`)).code).toBe(2)
    expect((await run(guest, 'cd /run/vault; vault lock; cd')).text).toContain('a shell stands in it')
  })

  it('says that the disk is full, and keeps what was there', async () => {
    await run(guest, `echo ${SECRET} | vault store pin`)
    const full = await run(guest, 'head -c 40m /dev/zero | vault store pin')
    expect(full.text).toContain('disk is full')
    expect(full.code).toBe(1)
    expect((await run(guest, 'vault fetch pin')).text).toBe(`${SECRET}\n`)
  })
})

describe('the vault as a menu', () => {
  it('leads from a blank disk to a secret and back to ciphertext, echoing no secret', async () => {
    const disk = new KeptDisk(32 * MIB)
    const guest = await boot(disk)
    expect(guest.text).toContain('no vault yet')
    expect(await press(guest, 'f', 'first')).toContain('Create a vault first.')

    await press(guest, 'c', 'New passphrase:')
    await press(guest, `${PASSPHRASE}\n`, 'Once more:')
    await press(guest, 'something else\n', 'Any key')
    expect(guest.text).toContain('The two differ'.toLowerCase())
    await press(guest, ' ', 'no vault yet')
    await press(guest, '\n', 'New passphrase:')
    await press(guest, `${PASSPHRASE}\n`, 'Once more:')
    await press(guest, `${PASSPHRASE}\n`, 'The vault is made, and open.')
    await press(guest, ' ', 'Lock it when done')

    await press(guest, 's', 'Name:')
    await press(guest, 'pin\n', 'not shown:')
    await press(guest, `${SECRET}\n`, 'Stored pin')
    expect(guest.text).not.toContain(SECRET)
    expect(guest.text).not.toContain(PASSPHRASE)
    await press(guest, ' ', 'Return.')

    await press(guest, 'x', 'Any key')
    await press(guest, ' ', 'Nothing here knows the key')
    await press(guest, 'o', 'Passphrase:')
    expect(await press(guest, 'wrong\n', 'Any key')).toContain('that is not the passphrase')
    await press(guest, ' ', 'Return.')
    // Down to the signature and back up by arrows; the first choice of a locked vault is to open it.
    await press(guest, '\u001b[B', 'Return.')
    await press(guest, '\u001b[A', 'Return.')
    await press(guest, '\n', 'Passphrase:')
    await press(guest, `${PASSPHRASE}\n`, 'The vault is open.')

    await press(guest, 'g', 'Text or path:')
    expect(await press(guest, 'I was here\n', 'Any key')).toMatch(/untrusted comment: [^]*minisign -V -P RW/)
    await press(guest, ' ', 'Return.')
    await press(guest, 'f', 'Name:')
    expect(await press(guest, 'pin\n', 'Any key')).toContain(SECRET)
    await press(guest, ' ', 'Return.')

    await press(guest, 'q', 'Powering off')
    expect(await guest.untilEnd()).toEqual({ kind: 'powered-off' })
    expect(disk.bytes.includes(SECRET)).toBe(false)
    expect(disk.bytes.includes(PASSPHRASE)).toBe(false)
  })

  it('says that there is no disk, and goes on', async () => {
    const guest = await boot()
    expect(guest.text).toContain('This machine has no second disk')
    expect(await press(guest, 'c', 'There is no disk for it.')).toContain('no disk')
    await shell(guest)
    const from = guest.text.length
    guest.type('exit\n')
    await guest.see('This machine has no second disk', SLOW, from)
  })
})
