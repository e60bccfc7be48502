/** A domain's state as a form of its own, so that no state is told by colour alone. */

import { assertNever } from '../../base/assert.ts'
import type { DomainHealth, DomainState } from '../../protocol/domain.ts'
import styles from './StateGlyph.module.css'

type Props = { readonly state: DomainState; readonly health: DomainHealth }

export function StateGlyph({ state, health }: Props) {
  return (
    <svg className={styles['glyph']} width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {form(state, health)}
    </svg>
  )
}

function form(state: DomainState, health: DomainHealth) {
  switch (state) {
    case 'created':
      return <circle className={styles['stroke']} cx="5" cy="5" r="3.25" strokeDasharray="1.6 1.8" />
    case 'starting':
      return (
        <path className={`${styles['stroke']} ${styles['turning']}`} d="M5 1.75 A3.25 3.25 0 1 1 1.75 5" />
      )
    case 'running':
      return health.kind !== 'ok' ? (
        <path className={styles['fill']} d="M4 1h2v5H4z M4 7.5h2v2H4z" />
      ) : (
        <circle className={styles['fill']} cx="5" cy="5" r="3.5" />
      )
    case 'paused':
      return <path className={styles['fill']} d="M2 1.5h2v7H2z M6 1.5h2v7H6z" />
    case 'shutting-down':
      return <path className={styles['fill']} d="M1.5 5 A3.5 3.5 0 0 0 8.5 5 z" />
    case 'off':
      return <circle className={styles['stroke']} cx="5" cy="5" r="3.25" />
    case 'crashed':
      return <path className={styles['stroke']} d="M2 2 L8 8 M8 2 L2 8" />
    default:
      return assertNever(state)
  }
}

/** The state in words, as bar, switcher and live region say it. */
export function stateWords(state: DomainState, health: DomainHealth, ready: boolean): string {
  switch (state) {
    case 'created':
      return 'not started'
    case 'starting':
      return 'starting'
    case 'running':
      if (health.kind !== 'ok') return 'not answering'
      return ready ? 'running' : 'booting'
    case 'paused':
      return 'paused'
    case 'shutting-down':
      return 'shutting down'
    case 'off':
      return 'off'
    case 'crashed':
      return 'crashed'
    default:
      return assertNever(state)
  }
}
