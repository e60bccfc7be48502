/** The vault at work: what another domain gets of it, and only after the person has agreed. */

import { createHash, createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ConsentAnswer } from '../../../src/protocol/policy.ts'
import { allVolumes, RealMachine, realHandOff } from '../real-machine.ts'

/** Argon2id over 16 MiB on an interpreted processor that other tests share. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

const SECRET = 'the-cellar-door-opens-at-4711'
const POLICY = `management vault secret ask
management vault sign ask
management vault file ask
`

let machine: RealMachine

beforeAll(async () => {
  const given = await realHandOff({ volumes: allVolumes() }, ['management', 'vault'])
  machine = await RealMachine.powerOn(given)
  await machine.ready('management')
  await machine.ready('vault')
  machine.type('vault', '!')
  await machine.until('the vault’s shell', () => (machine.text('vault').includes(':~#') ? true : undefined))
})

afterAll(async () => {
  await machine[Symbol.asyncDispose]()
})

const questions = () =>
  machine.events.flatMap((event) => (event.type === 'consents' ? event.open.map(({ words }) => words) : []))

/** Runs a line in management while the person answers the next question so. */
async function runWhile(line: string, answer: ConsentAnswer): Promise<string> {
  const from = machine.events.length
  const [output] = await Promise.all([
    machine.run('management', `${line}; echo status $?`),
    (async () => {
      const open = await machine.until('a question to the person', () =>
        machine.events
          .slice(from)
          .flatMap((event) => (event.type === 'consents' ? event.open : []))
          .at(0),
      )
      await machine.call({ name: 'answerConsent', args: { id: open.id, answer } })
    })(),
  ])
  return output
}

describe('the vault and another domain', () => {
  it('gives nothing where no line of the policy allows it, and nobody is asked', async () => {
    expect(await machine.run('management', 'hv vault get mail; echo status $?')).toMatch(
      /permission denied[^]*status 2/,
    )
    expect(questions()).toEqual([])
  })

  it('gives nothing while there is no open vault, and nobody is asked', async () => {
    await machine.call({ name: 'setPolicy', args: { text: POLICY } })
    expect(await machine.run('management', 'hv vault get mail; echo status $?')).toMatch(
      /no vault on the disk yet[^]*status 6/,
    )
    expect(questions()).toEqual([])
    await machine.run('vault', `echo passphrase | vault create; printf ${SECRET} | vault store mail`)
  })

  it('gives a secret after the person has agreed, to the caller alone', async () => {
    expect(await runWhile('hv vault get mail >/tmp/s', 'once')).toContain('status 0')
    expect(questions()).toContain('the secret “mail”')
    expect(await machine.run('management', 'cat /tmp/s')).toContain(SECRET)
    expect(
      JSON.stringify(machine.events.map((event) => ('text' in event ? event.text : event.type))),
    ).not.toContain(SECRET)
    expect(machine.journal).toContain('Management was given the secret “mail”.')
  })

  it('keeps it where the person says no', async () => {
    expect(await runWhile('hv vault get mail', 'deny')).toMatch(/did not allow it[^]*status 2/)
  })

  it('signs a file with a key that stays in it, and anybody can check it', async () => {
    await machine.run('management', 'echo a report >report.txt')
    expect(await runWhile('hv vault sign report.txt >report.sig', 'session')).toContain('status 0')
    const key = await machine.run('management', 'hv vault pubkey; cat report.sig')
    const [publicKey = '', , signature = ''] = key.split('\n').filter((line) => line !== '')
    const ed25519 = Buffer.from(publicKey, 'base64')
    const signed = Buffer.from(signature, 'base64')
    // minisign's formats: algorithm, key id, then 32 or 64 bytes; “ED” signs the BLAKE2b of the message.
    expect(signed.subarray(0, 2).toString()).toBe('ED')
    expect(signed.subarray(2, 10)).toEqual(ed25519.subarray(2, 10))
    const x = ed25519.subarray(10).toString('base64url')
    const checks = (text: string) => {
      const hash = createHash('sha256').update(text).digest('hex')
      const message = createHash('blake2b512').update(`${hash}\n`).digest()
      const jwk = { kty: 'OKP', crv: 'Ed25519', x }
      return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signed.subarray(10))
    }
    expect([checks('a report\n'), checks('a report?\n')]).toEqual([true, false])
    expect(questions().some((words) => words.startsWith('a signature on report.txt, SHA-256 '))).toBe(true)
  })

  it('takes a file that the person lets in', async () => {
    expect(await runWhile('hv send report.txt vault', 'once')).toMatch(
      /vault has it as \/root\/inbox\/report\.txt[^]*status 0/,
    )
    expect(await machine.run('vault', 'cat /root/inbox/report.txt')).toContain('a report')
  })

  it('gives nothing any more once it is locked, by the supervisor, too', async () => {
    expect(await machine.core.broker.vault.lock()).toEqual({ ok: true, value: undefined })
    expect(await machine.run('vault', 'vault state')).toContain('locked')
    expect(await machine.run('management', 'hv vault get mail; echo status $?')).toMatch(/locked[^]*status 6/)
  })
})
