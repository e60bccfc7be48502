/** The keys that a phone's keyboard lacks, with sticky modifiers; they go to whichever guest has the stage. */

import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from 'react'
import { useStore } from 'zustand'
import styles from './OnScreenKeyboard.module.css'
import { useStage } from './seat-context.tsx'
import { tapModifier, type ModifierName } from './sticky-modifiers.ts'

/** A held key repeats as a PC keyboard's: after 500 ms, about eleven a second at its slow setting. */
const REPEAT_DELAY_MS = 500
const REPEAT_INTERVAL_MS = 92

const MODIFIERS: readonly { readonly name: ModifierName; readonly label: string }[] = [
  { name: 'control', label: 'Ctrl' },
  { name: 'alt', label: 'Alt' },
  { name: 'shift', label: 'Shift' },
]

type KeyDefinition = { readonly code: string; readonly label: string; readonly spoken?: string }

const ARROWS: readonly KeyDefinition[] = [
  { code: 'ArrowLeft', label: '←', spoken: 'Left' },
  { code: 'ArrowDown', label: '↓', spoken: 'Down' },
  { code: 'ArrowUp', label: '↑', spoken: 'Up' },
  { code: 'ArrowRight', label: '→', spoken: 'Right' },
]

const NAVIGATION: readonly KeyDefinition[] = [
  { code: 'Home', label: 'Home' },
  { code: 'End', label: 'End' },
  { code: 'PageUp', label: 'PgUp', spoken: 'Page up' },
  { code: 'PageDown', label: 'PgDn', spoken: 'Page down' },
  { code: 'Insert', label: 'Ins', spoken: 'Insert' },
  { code: 'Delete', label: 'Del', spoken: 'Delete' },
]

const FUNCTION_KEYS: readonly KeyDefinition[] = Array.from({ length: 12 }, (_, index) => ({
  code: `F${index + 1}`,
  label: `F${index + 1}`,
}))

export function OnScreenKeyboard() {
  const stage = useStage()
  const [more, setMore] = useState(false)
  return (
    <fieldset className={styles['keyboard']} aria-label="On-screen keyboard">
      <div className={styles['row']}>
        <Key definition={{ code: 'Escape', label: 'Esc', spoken: 'Esc, escape' }} />
        <Key definition={{ code: 'Tab', label: 'Tab' }} />
        {MODIFIERS.map(({ name, label }) => (
          <ModifierKey key={name} name={name} label={label} />
        ))}
        <KeyButton label="Fn: F1–F12 and more keys" pressed={more} onPress={() => setMore(!more)}>
          Fn
        </KeyButton>
        <KeyButton
          label="Letters: show the device’s keyboard"
          actsOnClick
          onPress={() => stage.raiseKeyboard()}
        >
          abc
        </KeyButton>
      </div>
      <div className={styles['row']}>
        {ARROWS.map((definition) => (
          <Key key={definition.code} definition={definition} repeats />
        ))}
        <Key definition={{ code: 'Backspace', label: '⌫', spoken: 'Backspace' }} repeats />
        <Key definition={{ code: 'Enter', label: '⏎', spoken: 'Enter' }} />
      </div>
      {more && (
        <>
          {[FUNCTION_KEYS.slice(0, 6), FUNCTION_KEYS.slice(6), NAVIGATION].map((row) => (
            <div className={styles['row']} key={row[0]?.code}>
              {row.map((definition) => (
                <Key key={definition.code} definition={definition} />
              ))}
            </div>
          ))}
        </>
      )}
    </fieldset>
  )
}

function Key({
  definition,
  repeats = false,
}: {
  readonly definition: KeyDefinition
  readonly repeats?: boolean
}) {
  const stage = useStage()
  return (
    <KeyButton
      label={definition.spoken ?? definition.label}
      repeats={repeats}
      onPress={() => stage.press(definition.code)}
    >
      {definition.label}
    </KeyButton>
  )
}

function ModifierKey({ name, label }: { readonly name: ModifierName; readonly label: string }) {
  const { modifiers } = useStage()
  const state = useStore(modifiers, (all) => all[name])
  return (
    <KeyButton
      label={state === 'held' ? `${label}, held` : label}
      pressed={state !== 'off'}
      held={state === 'held'}
      onPress={() => tapModifier(modifiers, name)}
    >
      {label}
    </KeyButton>
  )
}

type KeyButtonProps = {
  readonly label: string
  readonly onPress: () => void
  readonly pressed?: boolean
  readonly held?: boolean
  readonly repeats?: boolean
  /** For what browsers allow in a click alone. */
  readonly actsOnClick?: boolean
  readonly children: ReactNode
}

function KeyButton(props: KeyButtonProps) {
  const { label, onPress, pressed, held = false, repeats = false, actsOnClick = false, children } = props
  const stopRepeating = useRef(() => {})
  useEffect(() => () => stopRepeating.current(), [])

  const pointerDown = (event: PointerEvent): void => {
    // The guest keeps the keyboard focus, and with it a phone its keyboard.
    event.preventDefault()
    if (actsOnClick) return
    onPress()
    if (!repeats) return
    let timer = setTimeout(function again() {
      onPress()
      timer = setTimeout(again, REPEAT_INTERVAL_MS)
    }, REPEAT_DELAY_MS)
    stopRepeating.current = () => clearTimeout(timer)
  }

  return (
    <button
      type="button"
      className={styles['key']}
      aria-label={label}
      aria-pressed={pressed}
      data-held={held || undefined}
      onPointerDown={pointerDown}
      onPointerUp={() => stopRepeating.current()}
      onPointerLeave={() => stopRepeating.current()}
      onPointerCancel={() => stopRepeating.current()}
      // Keeps the focus where it is; some browsers move it with the mouse event.
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => {
        // From the keyboard or a screen reader: a pointer's click was its pointerdown.
        if (actsOnClick || event.detail === 0) onPress()
      }}
    >
      {children}
    </button>
  )
}
