/** The tables that a guest can fill: bounded whatever it does, and right until then. */

import { expect, it } from 'vitest'
import { assert } from '../../src/base/assert.ts'
import { StandIns } from '../../src/fabric/addresses.ts'
import { FlowTable } from '../../src/fabric/flows.ts'
import { Protocol } from '../../src/fabric/packets/ipv4.ts'
import { MOST_STRANGERS, Strangers } from '../../src/fabric/strangers.ts'
import { CASES, fuzz } from '../support/fuzz.ts'
import { pick } from './hostile-frames.ts'

const MOST_FLOWS = 2048
const LIFETIMES_MS = { [Protocol.tcp]: 1_800_000, [Protocol.udp]: 60_000, [Protocol.icmp]: 30_000 }

it('a table of flows knows what was opened and no more, forgets it in time, and is full only of what lives', () => {
  const table = new FlowTable()
  const model = new Map<string, number>()
  let [now, live, refused, found] = [0, 0, 0, 0]
  const flow = { source: 'a', destination: 'b', service: 'icmp' }
  fuzz((next) => {
    // Bursts that fill the table, and pauses in which some of it, or all, runs out.
    if (next(3000) === 0) now += pick(next, [31_000, 61_000, 1_900_000])
    const protocol = pick(next, [Protocol.udp, Protocol.icmp, next(20) === 0 ? Protocol.tcp : Protocol.icmp])
    const peer = pick(next, [0x0a53_070a, 0x0a53_070b, 0x0102_070a])
    const [own, theirs] = [next(4000), next(2)]
    const key = `${protocol} ${peer} ${own} ${theirs}`
    const until = model.get(key)
    if (next(4) === 0) {
      const has = table.has(peer, protocol, own, theirs, now)
      assert(has === (until !== undefined && until >= now), `${key} is ${has ? '' : 'not '}known`)
      if (has) model.set(key, now + (LIFETIMES_MS[protocol] ?? 0))
      if (has) found += 1
      return
    }
    if (until !== undefined && until >= now) return
    const opened = table.open(flow, peer, protocol, own, theirs, now)
    if (!opened) {
      refused += 1
      live = [...model.values()].filter((end) => end >= now).length
      assert(live >= MOST_FLOWS, `refused with ${live} that live`)
      return
    }
    model.set(key, now + (LIFETIMES_MS[protocol] ?? 0))
    assert(table.size <= MOST_FLOWS, 'more flows than are kept')
    if (model.size > 3 * MOST_FLOWS) for (const [old, end] of model) if (end < now) model.delete(old)
  })
  expect(refused).toBeGreaterThan(CASES / 1000)
  expect(found).toBeGreaterThan(CASES / 1000)
})

it('names of the world and strangers are kept in bounds, the latest of them', () => {
  const standIns = new StandIns()
  const given: number[] = []
  const strangers = new Strangers()
  let count = 0
  fuzz((next) => {
    const name = `n${next(4) === 0 ? next(100) : (count += 1)}.example.com`
    const address = standIns.addressOf(name)
    assert(StandIns.covers(address) && standIns.nameOf(address) === name, 'another name’s address')
    given.push(address)
    strangers.note(
      Uint8Array.from({ length: next(60) }, () => next(256)),
      count,
    )
    assert(strangers.list(count).length <= MOST_STRANGERS, 'more strangers than are kept')
  })
  const known = [...new Set(given)].filter((address) => standIns.nameOf(address) !== undefined)
  expect(known).toHaveLength(1024)
  expect(known).toContain(given.at(-1))
})
