import { expect, it } from 'vitest'
import { Emitter } from '../../src/base/emitter.ts'
import type { HypercoreEvents } from '../../src/protocol/hypercore-api.ts'
import { createMachineStore } from '../../src/state/machine-store.ts'
import { StatsHistory } from '../../src/state/stats-history.ts'
import { askOnFirstWrite } from '../../src/state/written-disks.ts'
import { domain, id, stats } from './domain-fixtures.ts'

const PRIMARY = id('primary')
const WEB = id('web')

function page() {
  const store = createMachineStore()
  const events = new Emitter<HypercoreEvents>()
  const history = new StatsHistory()
  const keys = new EventTarget()
  let asked = 0
  store.setState({
    domains: [
      domain('primary', { focused: true, disk: { sizeBytes: 2 ** 20, kept: true } }),
      domain('web', { disk: { sizeBytes: 2 ** 20, kept: false } }),
    ],
  })
  askOnFirstWrite({ store, events, history }, keys, () => {
    asked += 1
    return Promise.resolve()
  })
  let at = 0
  return {
    asked: () => asked,
    type: () => keys.dispatchEvent(new Event('keydown')),
    writes: (domainId: typeof WEB, writes: number) => {
      at += 250
      const figures = stats(at, { disk: { reads: 0, readBytes: 0, writes, writeBytes: 0 } })
      history.add(domainId, figures)
      events.emit('stats', { id: domainId, stats: figures })
    },
    show: (name: string) => {
      store.setState(({ domains }) => ({
        domains: domains.map((each) => ({ ...each, focused: each.id === name })),
      }))
    },
  }
}

it('asks once, when a guest writes after it was typed to, and not for what a boot has written', () => {
  const { asked, type, writes } = page()
  writes(PRIMARY, 40)
  expect(asked()).toBe(0)
  type()
  writes(PRIMARY, 40)
  expect(asked()).toBe(0)
  writes(PRIMARY, 41)
  writes(PRIMARY, 42)
  type()
  writes(PRIMARY, 60)
  expect(asked()).toBe(1)
})

it('does not ask for a disk that ends with its domain, or for another than the one typed to', () => {
  const { asked, type, writes, show } = page()
  show('web')
  type()
  writes(WEB, 5)
  writes(PRIMARY, 5)
  expect(asked()).toBe(0)
})

it('does not take the writes of a restart for a person’s', () => {
  const { asked, type, writes } = page()
  writes(PRIMARY, 40)
  type()
  writes(PRIMARY, 3)
  writes(PRIMARY, 80)
  expect(asked()).toBe(0)
  type()
  writes(PRIMARY, 81)
  expect(asked()).toBe(1)
})
