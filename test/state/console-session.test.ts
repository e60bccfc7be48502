import { describe, expect, it } from 'vitest'
import { CONSOLE_HIGH_WATERMARK, type ConsoleRequest } from '../../src/protocol/channels.ts'
import { FaultError } from '../../src/protocol/fault.ts'
import { ConsoleSession, TEXT_CAPACITY, type ConsoleTerminal } from '../../src/state/console-session.ts'
import { PIECE_BYTES, TerminalFeed } from '../../src/state/terminal-feed.ts'
import { FakeEnvironment, FakePort } from './fake-environment.ts'

class FakeTerminal implements ConsoleTerminal {
  readonly writes: { readonly bytes: Uint8Array; readonly done: () => void }[] = []
  text = ''
  skippedBytes = 0
  restarts = 0
  bracketed = false

  write(bytes: Uint8Array, done: () => void): void {
    this.writes.push({ bytes, done })
  }

  /** Parses what was written, as xterm.js does in a later task. */
  parse(): void {
    const write = this.writes.shift()
    if (write === undefined) throw new Error('nothing was written')
    this.text += new TextDecoder('latin1').decode(write.bytes)
    write.done()
  }

  skipped(bytes: number): void {
    this.skippedBytes += bytes
  }

  restarted(): void {
    this.restarts += 1
  }

  bracketedPaste(): boolean {
    return this.bracketed
  }
}

function setUp() {
  const environment = new FakeEnvironment()
  const feed = new TerminalFeed(environment, PIECE_BYTES)
  environment.onVisibilityChange(() => feed.wake())
  const session = new ConsoleSession(environment, feed)
  const port = new FakePort<ConsoleRequest>()
  session.connect(port)
  return { environment, feed, session, port }
}

const output = (text: string) => ({ kind: 'output', bytes: new TextEncoder().encode(text) })
const flood = (bytes: number) => ({ kind: 'output', bytes: new Uint8Array(bytes).fill(0x61) })

function acknowledged(port: FakePort<ConsoleRequest>): number {
  return port.sent.reduce((sum, request) => sum + (request.kind === 'ack' ? request.bytes : 0), 0)
}

/** Everything that waits for the terminal, in as many frames as it takes. */
function drain(environment: FakeEnvironment, terminal: FakeTerminal): void {
  while (terminal.writes.length > 0) {
    terminal.parse()
    environment.runTasks()
    environment.frame()
  }
}

async function faultOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it resolved'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(FaultError)
  return error instanceof FaultError ? error.kind : ''
}

describe('console output', () => {
  it('is acknowledged at once where there is no terminal, and is there for one that comes later', () => {
    const { environment, session, port } = setUp()
    port.deliver(output('early '))
    expect(acknowledged(port)).toBe(6)
    const terminal = new FakeTerminal()
    session.attach(terminal)
    terminal.parse()
    port.deliver(output('late'))
    environment.runTasks()
    environment.advance(1000)
    terminal.parse()
    expect(terminal.text).toBe('early late')
  })

  it('is acknowledged by a terminal that is looked at when it has parsed it, and not before', () => {
    const { session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    port.deliver(output('12345'))
    expect(acknowledged(port)).toBe(0)
    terminal.parse()
    expect(acknowledged(port)).toBe(5)
  })

  it('goes to the terminal in pieces, one under way at a time, each in a task of its own', () => {
    const { environment, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    port.deliver(flood(3 * PIECE_BYTES))
    expect(terminal.writes.map(({ bytes }) => bytes.length)).toEqual([PIECE_BYTES])
    terminal.parse()
    expect(terminal.writes).toHaveLength(0)
    environment.runTasks()
    expect(terminal.writes).toHaveLength(1)
    terminal.parse()
    environment.runTasks()
    terminal.parse()
    expect(terminal.text).toHaveLength(3 * PIECE_BYTES)
    expect(acknowledged(port)).toBe(3 * PIECE_BYTES)
  })

  it('comes in pieces that shrink while they take long, and grow again', () => {
    const environment = new FakeEnvironment()
    const session = new ConsoleSession(environment, new TerminalFeed(environment))
    const port = new FakePort<ConsoleRequest>()
    session.connect(port)
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    port.deliver(flood(200_000))
    const sizes: number[] = []
    for (const milliseconds of [1, 1, 1, 40, 40, 20, 1, 40, 40, 40, 1]) {
      sizes.push(terminal.writes[0]?.bytes.length ?? 0)
      environment.time += milliseconds
      terminal.parse()
      environment.runTasks()
      environment.frame()
      environment.runTasks()
    }
    expect(sizes).toEqual([2048, 4096, 8192, 16_384, 8192, 4096, 4096, 8192, 4096, 2048, 2048])
  })

  it('takes at most four pieces of each frame, and goes on with the next', () => {
    const { environment, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    port.deliver(flood(10 * PIECE_BYTES))
    const parsedInThisFrame = (): number => {
      let count = 0
      for (; terminal.writes.length > 0; count++) {
        terminal.parse()
        environment.runTasks()
      }
      return count
    }
    const counts = [parsedInThisFrame()]
    for (let frame = 0; frame < 3; frame++) {
      environment.frame()
      environment.runTasks()
      counts.push(parsedInThisFrame())
    }
    expect(counts).toEqual([4, 4, 2, 0])
  })

  it('leaves the page twice the time that it took to draw the last, and comes at once after a pause', () => {
    const { environment, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    const print = (): number => {
      port.deliver(flood(PIECE_BYTES))
      return terminal.writes.length
    }
    const parseAndDraw = (milliseconds: number): void => {
      terminal.parse()
      environment.runTasks()
      environment.frame()
      // In the next task it has been laid out and painted.
      environment.time += milliseconds
      environment.runTasks()
    }
    expect(print()).toBe(1)
    parseAndDraw(10)
    expect(print()).toBe(0)
    environment.advance(19)
    expect(terminal.writes).toHaveLength(0)
    environment.advance(1)
    expect(terminal.writes).toHaveLength(1)
    parseAndDraw(10)
    environment.advance(20)
    expect(print()).toBe(1)
    // A frame that took for ever does not stop the terminal for as long.
    parseAndDraw(10_000)
    expect(print()).toBe(0)
    environment.advance(250)
    expect(terminal.writes).toHaveLength(1)
  })

  it('rests while the page has something else to draw, and goes on by itself', () => {
    const { environment, feed, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    feed.rest(33)
    port.deliver(flood(100))
    environment.runTasks()
    environment.frame()
    expect(terminal.writes).toHaveLength(0)
    environment.advance(33)
    expect(terminal.writes).toHaveLength(1)
  })

  it('never loses a byte of a terminal that is looked at, up to the high watermark under way', () => {
    const { environment, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    let sent = 0
    for (let round = 0; round < 40; round++) {
      while (sent - acknowledged(port) < CONSOLE_HIGH_WATERMARK) {
        port.deliver(flood(4096))
        sent += 4096
      }
      terminal.parse()
      environment.runTasks()
      environment.frame()
    }
    drain(environment, terminal)
    expect(terminal.skippedBytes).toBe(0)
    expect(terminal.text).toHaveLength(sent)
  })

  it('holds nobody back while the page is hidden; the terminal catches up and says how much it left out', () => {
    const { environment, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    environment.setHidden(true)
    for (let count = 0; count < 20; count++) port.deliver(flood(100_000))
    port.deliver(output('\nlast line'))
    expect(acknowledged(port)).toBe(2_000_010)
    expect(terminal.writes).toHaveLength(0)
    environment.setHidden(false)
    drain(environment, terminal)
    expect(terminal.text.slice(-10)).toBe('\nlast line')
    expect(terminal.skippedBytes).toBe(2_000_010 - terminal.text.length)
    expect(terminal.skippedBytes).toBeGreaterThan(0)
  })

  it('goes on at the start of a line after a gap', () => {
    const { environment, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    environment.setHidden(true)
    for (let count = 0; count < 20_000; count++) port.deliver(output(`line ${count}\r\n`.padStart(60, '.')))
    session.setForeground(true)
    environment.setHidden(false)
    terminal.parse()
    // Each line is 60 bytes long.
    expect(terminal.text.indexOf('\n')).toBe(59)
  })

  it('of a domain that is not looked at holds nobody back, and reaches its terminal bit by bit', () => {
    const { environment, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    for (let count = 0; count < 10; count++) port.deliver(flood(PIECE_BYTES))
    expect(acknowledged(port)).toBe(10 * PIECE_BYTES)
    drain(environment, terminal)
    expect(terminal.text).toHaveLength(4 * PIECE_BYTES)
    environment.advance(199)
    expect(terminal.writes).toHaveLength(0)
    environment.advance(1)
    drain(environment, terminal)
    expect(terminal.text).toHaveLength(8 * PIECE_BYTES)
  })

  it('reaches the terminals that are not looked at in turn', () => {
    const { environment, feed } = setUp()
    const terminals = ['one', 'two', 'three'].map(() => {
      const session = new ConsoleSession(environment, feed)
      const port = new FakePort<ConsoleRequest>()
      const terminal = new FakeTerminal()
      session.connect(port)
      session.attach(terminal)
      port.deliver(flood(12 * PIECE_BYTES))
      return terminal
    })
    for (let turn = 0; turn < 7; turn++) {
      for (const terminal of terminals) drain(environment, terminal)
      environment.advance(200)
    }
    expect(terminals.map(({ text }) => text.length / PIECE_BYTES)).toEqual([12, 8, 8])
  })

  it('of a domain that is not looked at is read at no more than 4 MB/s, faster than any UART', () => {
    const { environment, port } = setUp()
    let sent = 0
    for (let tick = 0; tick < 100; tick++) {
      while (sent - acknowledged(port) < CONSOLE_HIGH_WATERMARK) {
        port.deliver(flood(4096))
        sent += 4096
      }
      environment.advance(50)
    }
    const perSecond = (acknowledged(port) - CONSOLE_HIGH_WATERMARK) / 5
    expect(perSecond).toBeGreaterThan(3_900_000)
    expect(perSecond).toBeLessThan(4_200_000)
  })

  it('of the domain that is looked at comes first in each frame, the others’ after its share', () => {
    const { environment, feed, session, port } = setUp()
    const [front, back] = [new FakeTerminal(), new FakeTerminal()]
    const other = new ConsoleSession(environment, feed)
    const otherPort = new FakePort<ConsoleRequest>()
    other.connect(otherPort)
    other.attach(back)
    session.attach(front)
    session.setForeground(true)
    port.deliver(flood(10 * PIECE_BYTES))
    otherPort.deliver(flood(10 * PIECE_BYTES))
    let order = ''
    for (let turn = 0; turn < 8; turn++) {
      order += front.writes.length > 0 ? 'f' : 'b'
      if (front.writes.length > 0) front.parse()
      else back.parse()
      environment.runTasks()
    }
    environment.frame()
    environment.runTasks()
    order += front.writes.length > 0 ? 'f' : 'b'
    expect(order).toBe('ffffbbbbf')
  })

  it('of a new machine does not follow the old one’s', () => {
    const { environment, session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    session.setForeground(true)
    port.deliver(output('old'))
    const next = new FakePort<ConsoleRequest>()
    session.connect(next)
    expect(port.closed).toBe(true)
    expect(terminal.restarts).toBe(1)
    terminal.parse()
    environment.runTasks()
    expect(acknowledged(next)).toBe(0)
    next.deliver(output('new'))
    terminal.parse()
    expect(session.text()).toBe('new')
    expect(acknowledged(next)).toBe(3)
  })
})

describe('waiting for console output', () => {
  it('finds what is already there, and what comes in pieces', async () => {
    const { session, port } = setUp()
    port.deliver(output('\x1b[32mlogin\x1b[0m: '))
    await expect(session.waitFor('login: ')).resolves.toBe('login: ')
    const prompt = session.waitFor(/\$ $/)
    port.deliver(output('user\r\n'))
    port.deliver(output('$'))
    port.deliver(output(' '))
    await expect(prompt).resolves.toBe('$ ')
  })

  it('takes text for what it is, not for an expression', async () => {
    const { session, port } = setUp()
    const wait = session.waitFor('a.b[c]$')
    port.deliver(output('axb[c]$ a.b[c]$'))
    await expect(wait).resolves.toBe('a.b[c]$')
  })

  it('is not led astray by an expression’s own memory', async () => {
    const { session, port } = setUp()
    const expression = /x/gy
    expression.lastIndex = 100
    port.deliver(output('an x'))
    await expect(session.waitFor(expression)).resolves.toBe('x')
  })

  it('rejects with timeout', async () => {
    const { environment, session } = setUp()
    const wait = faultOf(session.waitFor('never', { timeoutMs: 500 }))
    environment.advance(500)
    await expect(wait).resolves.toBe('timeout')
  })

  it('counts what came up to the last moment before a timeout', async () => {
    const { environment, session, port } = setUp()
    // A slow check puts the next one off: this output would be looked at after the timeout.
    const slow = session.waitFor(/slow/)
    const now = environment.now.bind(environment)
    environment.now = () => (environment.time += 100)
    port.deliver(output('slow'))
    environment.now = now
    await slow
    const wait = session.waitFor('just in time', { timeoutMs: 500 })
    port.deliver(output('just in time'))
    environment.advance(500)
    await expect(wait).resolves.toBe('just in time')
  })

  it('rejects with illegal-state when the domain ends first, and at once when it has ended', async () => {
    const { session, port } = setUp()
    port.deliver(output('there '))
    const wait = faultOf(session.waitFor('never'))
    session.end('Web is off')
    await expect(wait).resolves.toBe('illegal-state')
    await expect(faultOf(session.waitFor('never'))).resolves.toBe('illegal-state')
    await expect(session.waitFor('there')).resolves.toBe('there')
  })

  it('is possible between a start and the new machine’s port', async () => {
    const { session } = setUp()
    session.end('Web is off')
    session.expect()
    const wait = session.waitFor('booting')
    const next = new FakePort<ConsoleRequest>()
    session.connect(next)
    next.deliver(output('booting'))
    await expect(wait).resolves.toBe('booting')
  })

  it('sees the last lines of a machine whose end was known before they came', () => {
    const { session, port } = setUp()
    session.end('Web is crashed')
    port.deliver(output('Kernel panic'))
    expect(session.text()).toBe('Kernel panic')
  })

  it('keeps the last 256 KiB', () => {
    const { session, port } = setUp()
    port.deliver(output('start'))
    port.deliver(flood(TEXT_CAPACITY))
    port.deliver(output('end'))
    expect(session.text()).toHaveLength(TEXT_CAPACITY)
    expect(session.text()).toMatch(/^a.*end$/)
  })
})

describe('console input', () => {
  it('goes to the guest as UTF-8', () => {
    const { session, port } = setUp()
    session.write('ä\r')
    expect(port.take()).toEqual([{ kind: 'input', bytes: Uint8Array.of(0xc3, 0xa4, 0x0d) }])
  })

  it('is refused with illegal-state where no machine runs', () => {
    const { session } = setUp()
    session.end('it is off')
    expect(() => session.write('x')).toThrow(FaultError)
  })

  it('marks a paste where the guest asked for it, and lets nobody forge the end of the mark', () => {
    const { session, port } = setUp()
    const terminal = new FakeTerminal()
    session.attach(terminal)
    const pasted = (): string => {
      const [request] = port.take()
      return request?.kind === 'input' ? new TextDecoder().decode(request.bytes) : ''
    }
    session.paste('one\r\ntwo\n')
    expect(pasted()).toBe('one\rtwo\r')
    terminal.bracketed = true
    session.paste('ls\x1b[201~rm -rf /\n')
    expect(pasted()).toBe('\x1b[200~ls[201~rm -rf /\r\x1b[201~')
  })

  it('tells a size once, and tells it again to a new machine', () => {
    const { session, port } = setUp()
    session.resize(100, 30)
    session.resize(100, 30)
    expect(port.take()).toEqual([{ kind: 'resize', columns: 100, rows: 30 }])
    const next = new FakePort<ConsoleRequest>()
    session.connect(next)
    expect(next.take()).toEqual([{ kind: 'resize', columns: 100, rows: 30 }])
  })
})
