import { describe, expect, it } from 'vitest'
import type { Seat } from '../../../src/state/seat.ts'
import { installShortcuts, type ShortcutActions } from '../../../src/ui/stage/shortcuts.ts'
import type { StageController } from '../../../src/ui/stage/stage-controller.ts'

type Modifiers = {
  ctrl?: boolean
  alt?: boolean
  shift?: boolean
  meta?: boolean
  altGraph?: boolean
  repeat?: boolean
}

class Key extends Event {
  readonly code: string
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
  readonly metaKey: boolean
  readonly repeat: boolean
  readonly #altGraph: boolean
  stopped = false

  constructor(type: string, code: string, held: Modifiers) {
    super(type, { cancelable: true })
    this.code = code
    this.ctrlKey = held.ctrl ?? false
    this.altKey = held.alt ?? false
    this.shiftKey = held.shift ?? false
    this.metaKey = held.meta ?? false
    this.repeat = held.repeat ?? false
    this.#altGraph = held.altGraph ?? false
  }

  getModifierState(name: string): boolean {
    return name === 'AltGraph' && this.#altGraph
  }

  override stopPropagation(): void {
    this.stopped = true
  }
}

function setUp(options: { phase?: string; selection?: boolean; enabled?: boolean } = {}) {
  const did: string[] = []
  const target = new EventTarget()
  const seat = {
    store: { getState: () => ({ phase: options.phase ?? 'running' }) },
    toggle: () => did.push('toggle') > 0,
    focusShortcut: (digit: number) => did.push(`domain ${digit}`) > 0,
  }
  const stage = {
    focusGuest: () => did.push('guest'),
    hasSelection: () => options.selection ?? false,
    copySelection: async () => did.push('copy') > 0,
  }
  const actions: ShortcutActions = {
    openSwitcher: () => did.push('switcher'),
    focusBar: () => did.push('bar'),
    enabled: () => options.enabled ?? true,
  }
  // oxlint-disable typescript/no-unsafe-type-assertion -- the parts of seat, stage and window that shortcuts use
  const dispose = installShortcuts(
    seat as unknown as Seat,
    stage as unknown as StageController,
    actions,
    target as unknown as Window,
  )
  // oxlint-enable typescript/no-unsafe-type-assertion
  const send = (type: 'keydown' | 'keyup', code: string, held: Modifiers = {}): boolean => {
    const key = new Key(type, code, held)
    target.dispatchEvent(key)
    // What is stopped here never reaches a guest.
    return key.stopped
  }
  return { did, send, dispose }
}

describe('shortcuts', () => {
  it('switch, and keep press and release from the guest', () => {
    const { did, send } = setUp()
    expect(send('keydown', 'F4')).toBe(true)
    expect(send('keyup', 'F4')).toBe(true)
    expect(send('keydown', 'Digit3', { ctrl: true, alt: true })).toBe(true)
    expect(send('keydown', 'Space', { ctrl: true, alt: true })).toBe(true)
    expect(send('keydown', 'KeyB', { ctrl: true, alt: true })).toBe(true)
    expect(did).toEqual(['toggle', 'guest', 'domain 3', 'guest', 'switcher', 'bar'])
  })

  it('take a release though the modifiers went up first', () => {
    const { send } = setUp()
    send('keydown', 'Digit3', { ctrl: true, alt: true })
    expect(send('keyup', 'Digit3')).toBe(true)
    expect(send('keyup', 'Digit3')).toBe(false)
  })

  it('leave every other key to the guest', () => {
    const { did, send } = setUp()
    const others: [string, Modifiers][] = [
      ['F4', { alt: true }],
      ['F4', { shift: true }],
      ['F5', {}],
      ['Digit3', { ctrl: true }],
      ['Digit0', { ctrl: true, alt: true }],
      ['Digit3', { ctrl: true, alt: true, shift: true }],
      ['KeyC', { ctrl: true }],
      ['Escape', {}],
      ['Tab', {}],
    ]
    for (const [code, held] of others) expect(send('keydown', code, held)).toBe(false)
    expect(did).toEqual([])
  })

  it('are not what a person types with AltGr, which Windows reports as Ctrl+Alt', () => {
    const { did, send } = setUp()
    expect(send('keydown', 'Digit2', { ctrl: true, alt: true, altGraph: true })).toBe(false)
    expect(did).toEqual([])
  })

  it('act once while a key is held', () => {
    const { did, send } = setUp()
    send('keydown', 'F4')
    expect(send('keydown', 'F4', { repeat: true })).toBe(true)
    expect(did).toEqual(['toggle', 'guest'])
  })

  it('copy where something is selected, and else leave the key alone', () => {
    const copying = setUp({ selection: true })
    expect(copying.send('keydown', 'KeyC', { ctrl: true, shift: true })).toBe(true)
    expect(copying.did).toEqual(['copy'])
    expect(setUp().send('keydown', 'KeyC', { ctrl: true, shift: true })).toBe(false)
  })

  it('keep Ctrl+Shift+V from the guest and leave the paste to the browser', () => {
    const { did, send } = setUp()
    expect(send('keydown', 'KeyV', { ctrl: true, shift: true })).toBe(true)
    expect(did).toEqual([])
  })

  it('are nobody’s before HyperCore runs, where they are switched off, and after disposal', () => {
    expect(setUp({ phase: 'firmware' }).send('keydown', 'F4')).toBe(false)
    expect(setUp({ enabled: false }).send('keydown', 'F4')).toBe(false)
    const { send, dispose } = setUp()
    dispose()
    expect(send('keydown', 'F4')).toBe(false)
  })
})
