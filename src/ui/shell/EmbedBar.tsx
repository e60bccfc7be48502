/** All the chrome of an embedded console: the frame's label and one menu. */

import { focusedDomain } from '../../state/machine-store.ts'
import { StateGlyph, stateWords } from '../parts/StateGlyph.tsx'
import { useMachine } from '../stage/seat-context.tsx'
import { MoreMenu } from './MoreMenu.tsx'
import styles from './EmbedBar.module.css'

export function EmbedBar({ standaloneUrl }: { readonly standaloneUrl: string | undefined }) {
  const domain = useMachine(focusedDomain)
  return (
    <header className={styles['bar']} data-colour={domain?.colour}>
      {domain !== undefined && (
        <p className={styles['label']}>
          <StateGlyph state={domain.state} health={domain.health} />
          <strong>{domain.name}</strong>
          <span className="visually-hidden">{stateWords(domain.state, domain.health, domain.ready)}</span>
        </p>
      )}
      <MoreMenu embedded={{ standaloneUrl }} />
    </header>
  )
}
