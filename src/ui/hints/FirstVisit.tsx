/** Three short hints on a first visit: what this is, the key, and what is real. Dismissed once, never again. */

import { X } from 'lucide-react'
import { assertNever } from '../../base/assert.ts'
import { Button, IconButton } from '../parts/Button.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { useShell } from '../shell/shell-store.ts'
import { usePreferences, usePreferencesStore } from '../stage/seat-context.tsx'
import styles from './FirstVisit.module.css'

const HINTS = ['machines', 'keys', 'honesty'] as const
type Hint = (typeof HINTS)[number]

export function FirstVisit() {
  const preferences = usePreferencesStore()
  const seen = usePreferences(({ hintsSeen }) => hintsSeen)
  const hint = HINTS.find((candidate) => !seen.includes(candidate))
  if (hint === undefined) return undefined

  const put = (hints: readonly Hint[]) =>
    preferences.setState({ hintsSeen: [...new Set([...seen, ...hints])] })
  const at = HINTS.indexOf(hint)

  return (
    <aside className={styles['card']} aria-label="First visit">
      <div className={styles['body']}>
        <HintText hint={hint} />
      </div>
      <footer className={styles['footer']}>
        <span className={styles['steps']}>
          {at + 1} of {HINTS.length}
        </span>
        <Button kind="primary" onClick={() => put([hint])}>
          {at === HINTS.length - 1 ? 'Done' : 'Next'}
        </Button>
      </footer>
      <span className={styles['close']}>
        <IconButton label="Dismiss all hints" onClick={() => put(HINTS)}>
          <X size={15} />
        </IconButton>
      </span>
    </aside>
  )
}

function HintText({ hint }: { readonly hint: Hint }) {
  const shell = useShell()
  switch (hint) {
    case 'machines':
      return (
        <>
          <h2>Every tab is a machine</h2>
          <p>
            Each one in the bar is a real Linux on its own emulated PC. The coloured frame is drawn by us, so
            you always know whose picture you see.
          </p>
        </>
      )
    case 'keys':
      return (
        <>
          <h2>One key away</h2>
          <p>
            <Kbd keys="F4" /> flips between the primary system and the last appliance.{' '}
            <Kbd keys="Ctrl+Alt+Space" /> shows all of them. The rest of the keyboard belongs to the guest.
          </p>
        </>
      )
    case 'honesty':
      return (
        <>
          <h2>Nothing is acted</h2>
          <p>
            Every figure is measured, and what is only modelled is labelled.{' '}
            <button type="button" className={styles['link']} onClick={() => shell.open({ kind: 'honesty' })}>
              What is real here
            </button>
          </p>
        </>
      )
    default:
      return assertNever(hint)
  }
}
