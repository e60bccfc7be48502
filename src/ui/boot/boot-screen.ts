/**
 * The firmware's screen: 80 × 25 characters on black, its keys, and the same in words for people who do not see it. Built
 * without React: it is the first thing on the page, and the console's script arrives behind it.
 */

import '../theme.css'
import '../base.css'
import { Disposables, type Dispose } from '../../base/disposables.ts'
import type { FirmwareView } from '../app-props.ts'
import { newLines } from './announce-lines.ts'
import { FirmwareTerminal } from './firmware-terminal.ts'
import styles from './BootScreen.module.css'

/** Keys that the firmware knows beyond printable ones; all others stay the browser's. */
const FIRMWARE_KEYS = new Set([
  'F1',
  'F2',
  'F9',
  'F10',
  'F12',
  'Escape',
  'Enter',
  'Tab',
  'ArrowUp',
  'ArrowDown',
  'ArrowLeft',
  'ArrowRight',
  'Home',
  'End',
  'PageUp',
  'PageDown',
  'Backspace',
  'Delete',
])

/** A phone's row of keys: what is shown, what is sent, what is said. */
const KEY_ROW = [
  { face: 'Esc', key: 'Escape', name: 'Esc, escape' },
  { face: 'F1', key: 'F1', name: 'F1, help' },
  { face: 'F2', key: 'F2', name: 'F2, setup' },
  { face: 'F9', key: 'F9', name: 'F9, defaults' },
  { face: 'F10', key: 'F10', name: 'F10, save' },
  { face: 'F12', key: 'F12', name: 'F12, boot menu' },
  { face: '↵', key: 'Enter', name: 'Enter' },
  { face: '←', key: 'ArrowLeft', name: 'Left' },
  { face: '↑', key: 'ArrowUp', name: 'Up' },
  { face: '↓', key: 'ArrowDown', name: 'Down' },
  { face: '→', key: 'ArrowRight', name: 'Right' },
  { face: '−', key: '-', name: 'Minus' },
  { face: '+', key: '+', name: 'Plus' },
] as const

/** Characters; an address is shorter. */
const MOST_PASTED = 1000

/** A screen reader is told of changes at most this often, so that a POST line is said once and whole. Milliseconds. */
const ANNOUNCE_EVERY = 400

export type BootScreen = {
  /** The first picture has been handed to the compositor, or nobody looks at the page. */
  readonly painted: Promise<void>
  readonly dispose: Dispose
}

/** Opens the screen in `root`, which has a size. */
export function openBootScreen(root: Element, view: FirmwareView): BootScreen {
  const disposables = new Disposables()
  const { main, host, alternative, log } = build(view)
  root.append(main)
  disposables.add(() => main.remove())

  const terminal = new FirmwareTerminal(host)
  disposables.add(() => terminal.dispose())
  let told = ''
  let said = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = () => {
    timer = undefined
    const text = view.text()
    const spoken = view.spoken()
    if (text === told && spoken === said) return
    alternative.textContent = text
    log.textContent = [...newLines(told, text), ...(spoken === said ? [] : [spoken])].join('\n')
    told = text
    said = spoken
  }
  disposables.add(() => clearTimeout(timer))
  disposables.add(
    view.subscribe((output) => {
      terminal.write(output)
      timer ??= setTimeout(tell, ANNOUNCE_EVERY)
    }),
  )

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return
    const onButton = event.target instanceof HTMLButtonElement
    if (onButton && (event.key === 'Enter' || event.key === ' ' || event.key === 'Tab')) return
    if (!FIRMWARE_KEYS.has(event.key) && event.key.length !== 1) return
    event.preventDefault()
    view.key(event.key)
  }
  window.addEventListener('keydown', onKeyDown)
  disposables.add(() => window.removeEventListener('keydown', onKeyDown))
  // Typed as if by hand; the firmware takes of it what it asked for, and has no use for it elsewhere.
  const onPaste = (event: ClipboardEvent) => {
    event.preventDefault()
    if (!view.takesText()) return
    for (const character of event.clipboardData?.getData('text').trim().slice(0, MOST_PASTED) ?? '')
      view.key(character)
  }
  window.addEventListener('paste', onPaste)
  disposables.add(() => window.removeEventListener('paste', onPaste))
  return { painted: terminal.painted, dispose: () => disposables.dispose() }
}

function build(view: FirmwareView) {
  const main = element('main', styles['boot'], 'Firmware')
  const title = element('h1', 'visually-hidden')
  title.textContent = 'HyperSpace firmware'
  const surround = element('div', styles['surround'])
  const host = element('div', styles['screen'])
  host.ariaHidden = 'true'
  host.inert = true
  surround.append(host)
  const alternative = element('pre', 'visually-hidden', 'The firmware’s screen as text')
  alternative.setAttribute('role', 'document')
  const log = element('div', 'visually-hidden', 'New on the firmware’s screen')
  log.setAttribute('role', 'log')
  log.ariaLive = 'polite'
  const keys = element('fieldset', styles['keys'], 'Firmware keys')
  for (const { face, key, name } of KEY_ROW) {
    const button = element('button', styles['key'], name)
    button.type = 'button'
    button.textContent = face
    button.addEventListener('click', () => view.key(key))
    keys.append(button)
  }
  main.append(title, surround, alternative, log, keys)
  return { main, host, alternative, log }
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string | undefined,
  label?: string,
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  made.className = className ?? ''
  if (label !== undefined) made.ariaLabel = label
  return made
}
