/** The keys that are the console's own. They are taken before any guest sees them; everything else is the guest's. */

import { Disposables, type Dispose } from '../../base/disposables.ts'
import type { Seat } from '../../state/seat.ts'
import type { StageController } from './stage-controller.ts'

export type ShortcutActions = {
  /** Also closes it again where it is open. */
  openSwitcher(startedAt: number): void
  /** The way out of a guest for a person who uses the keyboard alone. */
  focusBar(): void
  /** Whether the keys act now; absent: always while HyperCore runs. */
  enabled?(): boolean
}

export const SHORTCUTS: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: 'F4', does: 'Switch between the primary system and the last appliance' },
  { keys: 'Ctrl+Alt+1…9', does: 'Go to a domain' },
  { keys: 'Ctrl+Alt+Space', does: 'Open the switcher' },
  { keys: 'Ctrl+Alt+B', does: 'Leave the guest for the bar' },
  { keys: 'Ctrl+Shift+C', does: 'Copy what is selected in a terminal' },
  { keys: 'Ctrl+Shift+V', does: 'Paste into the guest' },
]

type Act = (event: KeyboardEvent) => void

/** Listens on `target` in the capture phase until disposed. */
export function installShortcuts(
  seat: Seat,
  stage: StageController,
  actions: ShortcutActions,
  target: Window = window,
): Dispose {
  const disposables = new Disposables()
  /** Keys whose press was taken: their release is taken, too. */
  const taken = new Set<string>()

  const find = (event: KeyboardEvent): Act | undefined => {
    if (seat.store.getState().phase !== 'running' || actions.enabled?.() === false) return undefined
    switch (chordOf(event)) {
      case 'F4':
        return ({ timeStamp }) => seat.toggle(timeStamp) && stage.focusGuest()
      case 'Ctrl+Alt+Space':
        return ({ timeStamp }) => actions.openSwitcher(timeStamp)
      case 'Ctrl+Alt+KeyB':
        return () => actions.focusBar()
      case 'Ctrl+Shift+KeyC':
        // Without a selection the browser may have it: there is nothing to lose.
        return stage.hasSelection() ? () => void stage.copySelection() : undefined
      default: {
        const digit = /^Ctrl\+Alt\+Digit([1-9])$/.exec(chordOf(event))?.[1]
        if (digit === undefined) return undefined
        return ({ timeStamp }) => seat.focusShortcut(Number(digit), timeStamp) && stage.focusGuest()
      }
    }
  }

  const keyDown = (event: KeyboardEvent): void => {
    // The digit that names a guest comes a moment after the keys that are held for it.
    if (/^Ctrl\+Alt\+(?:Control|Alt)/.test(chordOf(event)) && !event.repeat) seat.prepareSwitch()
    if (chordOf(event) === 'Ctrl+Shift+KeyV') {
      // The browser's own paste: it asks for no permission. Only the guest must not see the key.
      event.stopPropagation()
      return
    }
    const act = find(event)
    if (act === undefined) return
    event.preventDefault()
    event.stopPropagation()
    taken.add(event.code)
    // A key that is held switches once.
    if (!event.repeat) act(event)
  }
  const keyUp = (event: KeyboardEvent): void => {
    if (!taken.delete(event.code)) return
    event.preventDefault()
    event.stopPropagation()
  }
  target.addEventListener('keydown', keyDown, { capture: true })
  disposables.add(() => target.removeEventListener('keydown', keyDown, { capture: true }))
  target.addEventListener('keyup', keyUp, { capture: true })
  disposables.add(() => target.removeEventListener('keyup', keyUp, { capture: true }))
  return () => disposables.dispose()
}

/** The chord by its key's position, so that it is the same on every layout. */
export function chordOf(event: KeyboardEvent): string {
  // Windows reports AltGr as Ctrl+Alt: with it a person types a character.
  if (event.getModifierState('AltGraph')) return ''
  const modifiers = [
    ...(event.ctrlKey ? ['Ctrl'] : []),
    ...(event.altKey ? ['Alt'] : []),
    ...(event.shiftKey ? ['Shift'] : []),
    ...(event.metaKey ? ['Meta'] : []),
  ]
  return [...modifiers, event.code].join('+')
}
