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
