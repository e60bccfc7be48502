import { expect, it } from 'vitest'
import type { DomainId, DomainInfo } from '../../src/protocol/domain.ts'
import { DEFAULT_SCREEN, type ScreenSize } from '../../src/protocol/screen.ts'
import { createMachineStore } from '../../src/state/machine-store.ts'
import { followStage, wantedSize } from '../../src/state/screen-size.ts'
import { domain, id } from './domain-fixtures.ts'

const WIDE: ScreenSize = { width: 1433, height: 848 }
const FITTED: ScreenSize = { width: 1432, height: 848 }

function page(...[room = WIDE]: [room?: ScreenSize | 'not laid out']) {
  const store = createMachineStore()
  const told: [DomainId, ScreenSize][] = []
  const measured = { count: 0 }
  let available = room === 'not laid out' ? undefined : room
  let changed = (): void => {}
  let settled: (() => void) | undefined
  const leave = followStage(
    { store, screen: () => DEFAULT_SCREEN, resize: (id, size) => void told.push([id, size]) },
    {
      room: () => {
        measured.count += 1
        return available
      },
      onRoom: (listener) => {
        changed = listener
        return () => {
          changed = () => {}
        }
      },
    },
    {
      setTimer: (run) => {
        settled = run
        return () => {
          settled = undefined
        }
      },
    },
  )
  return {
    told,
    measured,
    leave,
    layOut: (size: ScreenSize) => {
      available = size
      changed()
    },
    settle: () => settled?.(),
    show: (...domains: DomainInfo[]) => store.setState({ domains, focusedId: id('primary') }),
  }
}

const primary = domain('primary', { state: 'running', ready: true })
const waking = domain('primary', { state: 'starting', ready: false })
const web = (more: Partial<DomainInfo> = {}): DomainInfo =>
  domain('web', { state: 'running', ready: true, view: 'screen', ...more })

it('gives a screen the stage’s size once all are up, and measures the stage for nobody else', () => {
  const { told, show, measured } = page()
  show(waking, web())
  expect(told).toEqual([])
  show(primary, web())
  expect(told).toEqual([[id('web'), FITTED]])
  show(primary, web())
  show(primary)
  expect(told).toHaveLength(1)
  expect(measured.count).toBe(1)
})

it('follows a window that has stood still, and a browser that begins anew', () => {
  const { told, show, layOut, settle } = page()
  show(primary, web())
  layOut({ width: 1500, height: 900 })
  layOut({ width: 1600, height: 900 })
  // A start meanwhile waits for the window, too.
  show(primary, web(), web({ id: id('web-2') }))
  expect(told).toHaveLength(1)
  settle()
  expect(told.slice(1)).toEqual([
    [id('web'), { width: 1600, height: 900 }],
    [id('web-2'), { width: 1600, height: 900 }],
  ])
  show(primary, web({ ready: false, state: 'starting' }))
  show(primary, web())
  expect(told).toHaveLength(4)
})

it('tells nothing twice, nor what a screen has, so that a size set by hand stays until the window changes', () => {
  const { told, show, layOut, settle } = page({ width: 1024, height: 768 })
  show(primary, web())
  layOut({ width: 1030, height: 768 })
  settle()
  expect(told).toEqual([])
  layOut(WIDE)
  settle()
  layOut(WIDE)
  settle()
  expect(told).toHaveLength(1)
})

it('leaves a person’s own machine alone, and a guest that stands still until it goes on', () => {
  const { told, show } = page()
  show(primary, web({ appliance: 'own' }), domain('vault', { state: 'running', ready: true }))
  expect(told).toEqual([])
  show(primary, web({ state: 'paused' }))
  expect(told).toEqual([])
  show(primary, web())
  expect(told).toHaveLength(1)
})

it('waits for the stage to be laid out, and tells nobody when it is over', () => {
  const { told, show, layOut, settle, leave } = page('not laid out')
  show(primary, web())
  expect(told).toEqual([])
  layOut(WIDE)
  settle()
  expect(told).toHaveLength(1)
  layOut({ width: 800, height: 600 })
  leave()
  settle()
  show(primary, web({ id: id('web-2') }))
  expect(told).toHaveLength(1)
})

it('leaves a phone the picture of a monitor', () => {
  expect(wantedSize({ width: 390, height: 700 })).toEqual(DEFAULT_SCREEN)
  expect(wantedSize({ width: 1100, height: 701.5 })).toEqual({ width: 1096, height: 701 })
})
