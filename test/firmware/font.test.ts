import { expect, test } from 'vitest'
import { flipBit, makeFlash, sha256, someBytes, type FakePlatform, type Flash } from './fake-platform.ts'
import { machineOf } from './machine.ts'

const FONT = someBytes(3_000, 6)

function flashWithFont(): Flash {
  const flash = makeFlash()
  const file = 'flash/font.bin'
  flash.files.set(file, FONT)
  const rom = flash.volumes.find(({ name }) => name === 'bios')
  const font = { ...rom, name: 'font', role: 'font', file, kind: 'truetype' }
  flash.volumes.push({ ...font, size: FONT.length, contentSize: FONT.length, sha256: sha256(FONT) })
  return flash
}

/** A screen that takes fonts, and what it took. */
function screenTaking(platform: FakePlatform, use: () => Promise<void> = async () => {}): Blob[] {
  const taken: Blob[] = []
  Object.assign(platform, {
    useFont: async (font: Blob) => {
      await use()
      taken.push(font)
    },
  })
  return taken
}

test('a verified font is on the screen before the self-test ends', async () => {
  let taken: Blob[] = []
  const machine = machineOf(flashWithFont(), (platform) => {
    taken = screenTaking(platform)
  })
  expect((await machine.outcome).kind).toBe('hand-off')
  expect(taken).toHaveLength(1)
  expect(new Uint8Array((await taken[0]?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(FONT)
})

test('a font with another hash is never shown to the browser', async () => {
  const flash = flashWithFont()
  flipBit(flash, 'font')
  let taken: Blob[] = []
  const machine = machineOf(flash, (platform) => {
    taken = screenTaking(platform)
  })
  const outcome = await machine.outcome
  expect(outcome.kind === 'hand-off' && outcome.handOff.refused.map(({ name }) => name)).toEqual(['font'])
  expect(taken).toEqual([])
})

test('a font that the browser cannot read is refused, and the machine boots all the same', async () => {
  const machine = machineOf(flashWithFont(), (platform) => {
    screenTaking(platform, () => Promise.reject(new Error('OTS parsing error')))
  })
  const outcome = await machine.outcome
  if (outcome.kind !== 'hand-off') throw new Error('halted')
  expect(outcome.handOff.refused).toMatchObject([
    { name: 'font', reason: { kind: 'unreadable', detail: expect.stringContaining('OTS parsing error') } },
  ])
})
