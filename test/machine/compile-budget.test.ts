/** What compiling a guest's code may cost, in a machine that really compiles: how far it gets while its budget is small. */

import { expect, it, onTestFinished } from 'vitest'
import { hostDomain } from '../support/domain-host.ts'
import { machineSpec, tinyBoot } from '../support/guest-images.ts'

const PAGE = 4096
const PAGES = 64
/** By then, without a budget, all pages are compiled; with the least, nine: two or three a second of the wall clock. */
const INSTRUCTIONS = 400_000_000
const MOST = 48

/** Counts in one page after the other, round and round, with interrupts off: each page is worth a module of its own. */
function manyPages(): number[] {
  const code = Array.from({ length: PAGES * PAGE }, () => 0x90)
  for (let page = 0; page < PAGES; page++) {
    const isLast = page === PAGES - 1
    // cli; mov ecx, 20000; dec ecx; jnz to the dec before it; jmp rel32, counted from its end
    const block = [0xfa, 0xb9, 0x20, 0x4e, 0, 0, 0x49, 0x75, 0xfd, 0xe9]
    const jump = (isLast ? -page : 1) * PAGE - (block.length + 4)
    const bytes = [...block, ...new Uint8Array(Int32Array.of(jump).buffer)]
    for (const [at, byte] of bytes.entries()) code[page * PAGE + at] = byte
  }
  return code
}

it('a guest’s code is compiled as far as its budget goes, and all of it with a larger one', async () => {
  const guest = await hostDomain(machineSpec(tinyBoot(manyPages())))
  onTestFinished(() => guest.end())
  guest.post({ kind: 'set-rate', percent: 100, compilePercent: 1 })
  const held = await guest.event('counters', ({ counters }) => counters.instructions > INSTRUCTIONS)
  expect(held.counters.jitModules).toBeGreaterThan(0)
  expect(held.counters.jitModules).toBeLessThan(MOST)
  guest.post({ kind: 'set-rate', percent: 100, compilePercent: 100 })
  const free = await guest.event('counters', ({ counters }) => counters.jitModules >= PAGES)
  expect(free.counters.instructions).toBeGreaterThan(held.counters.instructions)
})
