import { expect, it } from 'vitest'
import type { DomainId, DomainInfo } from '../../src/protocol/domain.ts'
import type { ScreenSize } from '../../src/protocol/screen.ts'
import { firstSize, fitFirst } from '../../src/state/first-fit.ts'
import { createMachineStore } from '../../src/state/machine-store.ts'
import { domain, id } from './domain-fixtures.ts'

const GOLDEN = { kind: 'golden' } as const
const WIDE: ScreenSize = { width: 1433, height: 848 }

function page(room: ScreenSize | undefined = WIDE) {
  const store = createMachineStore()
  const display = { used: false }
  const told: [DomainId, ScreenSize][] = []
  let available = room
  fitFirst(
    { store, display: () => display, resize: (id, size) => void told.push([id, size]) },
    () => available,
  )
  return {
    display,
    told,
    layOut: (size: ScreenSize) => {
      available = size
    },
    show: (focused: string, ...domains: DomainInfo[]) => store.setState({ domains, focusedId: id(focused) }),
  }
}

const primary = domain('primary', { state: 'running', ready: true, origin: GOLDEN })
const waking = domain('primary', { state: 'starting', ready: false })
const web = (more: Partial<DomainInfo> = {}): DomainInfo =>
  domain('web', { state: 'running', ready: true, origin: GOLDEN, view: 'screen', ...more })

it('gives an unused screen the stage’s size once all others are up, and leaves it alone from then on', () => {
  const { told, show, layOut } = page()
  show('primary', waking, web())
  expect(told).toEqual([])
  show('primary', primary, web())
  expect(told).toEqual([[id('web'), { width: 1432, height: 848 }]])
  layOut({ width: 1900, height: 1000 })
  show('web', primary, web())
  show('web', primary, web({ ready: false }))
  show('web', primary, web())
  expect(told).toHaveLength(1)
})

it('does not begin anew what a person looks at', () => {
  const { told, show } = page()
  show('web', primary, web())
  expect(told).toEqual([])
  show('primary', primary, web())
  expect(told).toHaveLength(1)
})

it('leaves what is used, what somebody went back to, and what is somebody’s own', () => {
  const { told, show, display } = page()
  show(
    'own',
    domain('own', {
      state: 'running',
      ready: true,
      origin: { kind: 'boot', why: undefined },
      view: 'screen',
    }),
  )
  show('primary', primary, web({ origin: { kind: 'snapshot' } as DomainInfo['origin'] }))
  expect(told).toEqual([])
  display.used = true
  show('primary', primary, web())
  display.used = false
  show('primary', primary, web())
  expect(told).toEqual([])
})

it('waits for the stage to be laid out', () => {
  const { told, show, layOut } = page(undefined)
  show('primary', primary, web())
  layOut(WIDE)
  show('primary', primary, web())
  expect(told).toHaveLength(1)
})

it('changes nothing for a phone, nor for a stage of about the size that there is', () => {
  expect(firstSize({ width: 390, height: 700 })).toBeUndefined()
  expect(firstSize({ width: 1100, height: 700 })).toBeUndefined()
  expect(firstSize({ width: 1280, height: 640 })).toEqual({ width: 1280, height: 640 })
  expect(firstSize({ width: 1024, height: 600 })).toEqual({ width: 1024, height: 600 })
})
