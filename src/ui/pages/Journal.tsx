/** The supervisor's journal, newest first. */

import type { JournalEntry } from '../../state/machine-store.ts'
import { Dialog } from '../parts/Dialog.tsx'
import { useShell } from '../shell/shell-store.ts'
import { useMachine } from '../stage/seat-context.tsx'
import styles from './Journal.module.css'
import pages from './pages.module.css'

export function Journal() {
  const shell = useShell()
  const journal = useMachine((state) => state.journal)
  const domains = useMachine((state) => state.domains)
  return (
    <Dialog title="Journal" size="wide" onClose={() => shell.close()}>
      {journal.length === 0 ? (
        <p className={pages['lead']}>Nothing has been written yet.</p>
      ) : (
        <ol className={styles['journal']} reversed>
          {journal
            .map(keyed)
            .toReversed()
            .map(({ entry, key }) => {
              const domain = domains.find(({ id }) => id === entry.id)
              return (
                <li key={key} data-level={entry.level} data-colour={domain?.colour}>
                  <time dateTime={new Date(entry.at).toISOString()}>
                    {new Date(entry.at).toLocaleTimeString()}
                  </time>
                  <span className={styles['whose']}>{domain?.name ?? entry.id ?? 'HyperCore'}</span>
                  <span className={styles['text']}>
                    {entry.level !== 'info' && <strong>{entry.level}</strong>} {entry.text}
                  </span>
                </li>
              )
            })}
        </ol>
      )}
    </Dialog>
  )
}

/** Entries have no key of their own; counted from the oldest, their place stays. */
function keyed(entry: JournalEntry, key: number): { entry: JournalEntry; key: number } {
  return { entry, key }
}
