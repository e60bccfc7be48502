/** The firmware's screen: 80 × 25 characters on black, its keys, and the same in words for people who do not see it. */

import { useEffect, useRef } from 'react'
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

/** A screen reader is told of changes at most this often, so that a POST line is said once and whole. Milliseconds. */
const ANNOUNCE_EVERY = 400

type Props = { readonly view: FirmwareView }

export function BootScreen({ view }: Props) {
  const host = useRef<HTMLDivElement>(null)
  const alternative = useRef<HTMLPreElement>(null)
  const log = useRef<HTMLDivElement>(null)

  useEffect(() => {
    if (host.current === null) return undefined
    const terminal = new FirmwareTerminal(host.current)
    let told = ''
    let said = ''
    let timer: ReturnType<typeof setTimeout> | undefined
    const tell = () => {
      timer = undefined
      const text = view.text()
      const spoken = view.spoken()
      if (text === told && spoken === said) return
      if (alternative.current !== null) alternative.current.textContent = text
      if (log.current !== null)
        log.current.textContent = [...newLines(told, text), ...(spoken === said ? [] : [spoken])].join('\n')
      told = text
      said = spoken
    }
    const unsubscribe = view.subscribe((output) => {
      terminal.write(output)
      timer ??= setTimeout(tell, ANNOUNCE_EVERY)
    })
    return () => {
      unsubscribe()
      clearTimeout(timer)
      terminal.dispose()
    }
  }, [view])

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return
      const onButton = event.target instanceof HTMLButtonElement
      if (onButton && (event.key === 'Enter' || event.key === ' ' || event.key === 'Tab')) return
      if (!FIRMWARE_KEYS.has(event.key) && event.key.length !== 1) return
      event.preventDefault()
      view.key(event.key)
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [view])

  return (
    <main className={styles['boot']} aria-label="Firmware">
      <h1 className="visually-hidden">HyperSpace firmware</h1>
      <div className={styles['surround']}>
        <div ref={host} className={styles['screen']} aria-hidden="true" inert />
      </div>
      <pre
        ref={alternative}
        className="visually-hidden"
        aria-label="The firmware’s screen as text"
        role="document"
      />
      <div
        ref={log}
        className="visually-hidden"
        role="log"
        aria-live="polite"
        aria-label="New on the firmware’s screen"
      />
      <fieldset className={styles['keys']} aria-label="Firmware keys">
        {KEY_ROW.map(({ face, key, name }) => (
          <button
            key={key}
            type="button"
            className={styles['key']}
            aria-label={name}
            onClick={() => view.key(key)}
          >
            {face}
          </button>
        ))}
      </fieldset>
    </main>
  )
}
