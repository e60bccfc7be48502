import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DisplayEvent, DisplayRequest } from '../../src/protocol/channels.ts'
import { DisplaySession, THUMBNAIL_INTERVAL_MS } from '../../src/state/display-session.ts'
import { FakeEnvironment, FakePort } from './fake-environment.ts'

beforeEach(() => {
  vi.stubGlobal(
    'ImageData',
    class {
      readonly width: number
      readonly height: number
      constructor(_: Uint8ClampedArray, width: number, height: number) {
        this.width = width
        this.height = height
      }
    },
  )
})
afterEach(() => {
  vi.unstubAllGlobals()
})

function setUp() {
  const environment = new FakeEnvironment()
  const session = new DisplaySession(environment)
  const port = new FakePort<DisplayRequest>()
  session.setDemand('thumbnail')
  session.connect(port)
  return { environment, session, port }
}

function frame(fields: Partial<DisplayEvent> = {}): DisplayEvent {
  const width = fields.width ?? 640
  const height = fields.height ?? 480
  return {
    kind: 'frame',
    screen: { width: 640, height: 480, mode: 'graphics' },
    x: 0,
    y: 0,
    width,
    height,
    pixels: new ArrayBuffer(width * height * 4),
    sequence: 1,
    ...fields,
  }
}

const kinds = (port: FakePort<DisplayRequest>): string[] => port.take().map(({ kind }) => kind)

describe('display credits', () => {
  it('begin with a whole picture and one credit', () => {
    const { port } = setUp()
    expect(kinds(port)).toEqual(['refresh', 'credit'])
  })

  it('of the display that is looked at come with each animation frame that drew a picture', () => {
    const { environment, session, port } = setUp()
    session.setDemand('live')
    port.take()
    const first = frame()
    port.deliver(first)
    expect(environment.drawn).toHaveLength(0)
    expect(port.take()).toEqual([])
    environment.frame()
    expect(environment.drawn).toEqual([{ x: 0, y: 0, width: 640, height: 480 }])
    expect(port.take()).toEqual([{ kind: 'credit', recycle: first.pixels }])
    expect(port.transferred).toEqual([first.pixels])
    environment.frame()
    expect(port.take()).toEqual([])
  })

  it('of a display that is not looked at come once a second', () => {
    const { environment, port } = setUp()
    port.take()
    environment.advance(300)
    port.deliver(frame())
    expect(environment.drawn).toHaveLength(1)
    expect(kinds(port)).toEqual([])
    environment.advance(THUMBNAIL_INTERVAL_MS - 301)
    expect(kinds(port)).toEqual([])
    environment.advance(1)
    expect(kinds(port)).toEqual(['credit'])
  })

  it('do not wait for that second when the display comes to the front', () => {
    const { session, port } = setUp()
    port.deliver(frame())
    port.take()
    session.setDemand('live')
    expect(kinds(port)).toEqual(['credit'])
  })

  it('stop while the page is hidden, and go on when it is seen again', () => {
    const { environment, session, port } = setUp()
    session.setDemand('live')
    port.take()
    port.deliver(frame())
    environment.setHidden(true)
    expect(environment.drawn).toHaveLength(1)
    environment.advance(10_000)
    expect(kinds(port)).toEqual([])
    environment.setHidden(false)
    expect(kinds(port)).toEqual(['credit'])
  })

  it('are not given to a display of which nothing is shown, until something is', () => {
    const { environment, session, port } = setUp()
    session.setDemand('none')
    port.deliver(frame())
    port.take()
    environment.advance(10_000)
    expect(kinds(port)).toEqual([])
    session.setDemand('thumbnail')
    expect(kinds(port)).toEqual(['credit'])
  })

  it('are never two at a time, whatever happens', () => {
    const { environment, session, port } = setUp()
    let outstanding = 0
    const count = (): void => {
      outstanding += kinds(port).filter((kind) => kind === 'credit').length
      expect(outstanding).toBeLessThanOrEqual(1)
    }
    for (let step = 0; step < 500; step++) {
      const dice = (step * 7919) % 6
      if (dice === 0) session.setDemand('live')
      else if (dice === 1) session.setDemand(step % 5 === 0 ? 'none' : 'thumbnail')
      else if (dice === 2) environment.setHidden(step % 4 === 0)
      else if (dice === 3) environment.advance(400)
      else if (dice === 4) environment.frame()
      else if (outstanding === 1) {
        outstanding = 0
        port.deliver(frame())
      }
      count()
    }
    expect(environment.drawn.length).toBeGreaterThan(20)
  })
})

describe('display pictures', () => {
  it('whose numbers do not fit their bytes or the screen are not drawn', () => {
    const { environment, port } = setUp()
    const bad: Partial<DisplayEvent>[] = [
      { pixels: new ArrayBuffer(100) },
      { x: 1 },
      { y: -1 },
      { width: 0 },
      { width: 640.5 },
      { screen: { width: 100_000, height: 480, mode: 'graphics' } },
    ]
    for (const fields of bad) port.deliver(frame(fields))
    expect(environment.drawn).toEqual([])
    port.deliver(frame({ x: 600, y: 400, width: 40, height: 80 }))
    expect(environment.drawn).toEqual([{ x: 600, y: 400, width: 40, height: 80 }])
  })

  it('give the canvas the screen’s size, and ask for the whole where a part came first', () => {
    const { session, port } = setUp()
    const screens: number[] = []
    session.events.on('screen', ({ width }) => screens.push(width))
    port.take()
    port.deliver(frame({ width: 10, height: 10 }))
    expect(session.canvas.width).toBe(640)
    expect(kinds(port)).toEqual(['refresh'])
    port.deliver(frame())
    expect(kinds(port)).toEqual([])
    expect(screens).toEqual([640])
  })

  it('of an earlier machine do not arrive any more', () => {
    const { environment, session, port } = setUp()
    session.connect(new FakePort<DisplayRequest>())
    port.deliver(frame())
    expect(environment.drawn).toEqual([])
    expect(port.closed).toBe(true)
  })
})

describe('display input', () => {
  it('releases keys and buttons when the display is not looked at any more', () => {
    const { environment, session, port } = setUp()
    session.setDemand('live')
    port.deliver(frame())
    environment.frame()
    session.keyboard.down('KeyA')
    session.pointerMove(1, 1)
    session.pointerButtons(1)
    for (let count = 0; count < 9; count++) environment.frame()
    port.take()
    session.setDemand('thumbnail')
    expect(port.take()).toEqual([
      { kind: 'keys', scancodes: [0x9e] },
      { kind: 'mouse', dx: 0, dy: 0, wheel: 0, buttons: 0, settle: false },
    ])
  })

  it('sends mouse reports with animation frames', () => {
    const { environment, session, port } = setUp()
    session.setDemand('live')
    port.deliver(frame())
    environment.frame()
    port.take()
    session.pointerMove(3, 4)
    expect(port.take()).toEqual([])
    for (let count = 0; count < 9; count++) environment.frame()
    const reports = port.take().filter((request) => request.kind === 'mouse')
    expect(reports.length).toBeGreaterThan(1)
    expect(reports.at(-1)).toMatchObject({ dx: 3, dy: 4 })
  })

  it('types a text stroke by stroke', () => {
    const { environment, session, port } = setUp()
    port.take()
    session.type('ab')
    expect(port.take()).toEqual([
      { kind: 'keys', scancodes: [0x1e] },
      { kind: 'keys', scancodes: [0x9e] },
    ])
    environment.advance(10)
    expect(port.take().map((request) => request.kind === 'keys' && request.scancodes)).toEqual([
      [0x30],
      [0xb0],
    ])
    environment.advance(1)
    session.dispose()
    expect(environment.pendingTimers).toBe(0)
  })
})
