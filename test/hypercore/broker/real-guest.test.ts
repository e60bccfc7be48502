import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { idOf } from '../bench-board.ts'
import { RealMachine, realHandOff } from '../real-machine.ts'

const id = idOf('management')

it('carries files into a real guest and out of it, byte for byte, and says why where it cannot', async () => {
  await using machine = await RealMachine.powerOn(await realHandOff({}, ['management']))
  await machine.ready('management')
  const content = Uint8Array.from({ length: 300_001 }, (_, index) => (index * 7 + (index >> 8)) & 0xff)
  const send = (file: string, bytes: Uint8Array<ArrayBuffer>) =>
    machine.call({ name: 'sendFile', args: { id, file, content: new Blob([bytes]) } })
  const fetch = (path: string) => machine.call({ name: 'fetchFile', args: { id, path } })

  expect(await send('a b.bin', content)).toBe('/root/inbox/a b.bin')
  const hash = createHash('sha256').update(content).digest('hex')
  expect(await machine.run('management', 'sha256sum inbox/*')).toContain(hash)
  expect(await send('a b.bin', new Uint8Array())).toBe('/root/inbox/a b-2.bin')
  expect(await machine.run('management', 'wc -c <"inbox/a b-2.bin"')).toMatch(/^0\b/m)

  const fetched = await fetch('inbox/a b.bin')
  expect(fetched instanceof Blob && Buffer.compare(Buffer.from(await fetched.arrayBuffer()), content)).toBe(0)
  expect(await machine.refusal(fetch('/etc'))).toMatchObject({ kind: 'failed' })
  expect((await machine.refusal(fetch('none'))).message).toBe('none: No such file or directory')

  const full = await machine.refusal(send('large', new Uint8Array(60 * 2 ** 20)))
  expect(full.message).toMatch(/full|memory/)
  expect(await machine.run('management', 'ls -A inbox')).not.toMatch(/large|incoming/)
})

it('does what hv says in real guests: caps, clones, shows the policy, and carries the clipboard both ways', async () => {
  await using machine = await RealMachine.powerOn(await realHandOff({}, ['management', 'messaging']))
  await machine.ready('management')
  await machine.ready('messaging')
  expect(await machine.run('management', 'hv cap messaging 40')).toContain(
    'messaging is capped at 40 % of a core',
  )
  expect(machine.info('messaging')?.limits.capPercent).toBe(40)
  expect(await machine.run('management', 'hv cap messaging 0; echo status $?')).toContain('status 1')
  expect(await machine.run('messaging', 'hv cap messaging half; echo status $?')).toMatch(
    /permission denied[^]*status 2/,
  )
  expect(machine.info('messaging')?.limits.capPercent).toBe(40)
  expect(await machine.run('management', 'hv cap messaging 100')).toContain('100 %')

  const policy = await machine.run('management', 'hv policy')
  expect(policy).toMatch(/^ +\d+ +primary +vault +secret +ask/m)
  expect(policy).toMatch(/^ +\d+ +\* +\* +\* +deny/m)

  // The text of another’s clipboard is only offered; the person’s own only comes when they say so.
  expect(await machine.run('messaging', "hv clip set 'from the guest'")).toContain('offered')
  const offer = machine.events.findLast((event) => event.type === 'clip-offer')
  expect(offer).toEqual({ type: 'clip-offer', id: 'messaging', text: 'from the guest' })
  const got = machine.run('messaging', 'hv clip get')
  const asked = await machine.until('the question', () => {
    const event = machine.events.findLast(({ type }) => type === 'consents')
    return event?.type === 'consents' ? event.open[0] : undefined
  })
  expect(asked).toMatchObject({ source: 'host', destination: 'messaging', service: 'clip' })
  expect(machine.events.some(({ type }) => type === 'clip-wanted')).toBe(false)
  await machine.call({ name: 'answerConsent', args: { id: asked.id, answer: 'once' } })
  const request = await machine.until('the page is asked', () => {
    const event = machine.events.findLast(({ type }) => type === 'clip-wanted')
    return event?.type === 'clip-wanted' ? event.request : undefined
  })
  await machine.call({ name: 'answerClip', args: { answer: { request, text: 'from the person' } } })
  expect(await got).toContain('from the person')
  expect(await machine.run('management', 'hv policy log')).toMatch(/host\s+messaging\s+clip\s+ask: once/)

  await machine.run('messaging', 'echo original >/tmp/life')
  expect(await machine.run('management', 'hv clone messaging')).toContain(
    'messaging-2 is a clone of messaging',
  )
  expect(await machine.run('messaging-2', 'cat /tmp/life; echo clone >/tmp/life')).toContain('original')
  expect(await machine.run('messaging', 'cat /tmp/life')).toContain('original')
})
