/** The console's keys. All others go to the guest. */

import { Dialog } from '../parts/Dialog.tsx'
import { Kbd } from '../parts/Kbd.tsx'
import { useShell } from '../shell/shell-store.ts'
import { SHORTCUTS } from '../stage/shortcuts.ts'
import styles from './pages.module.css'

export function Keys() {
  const shell = useShell()
  return (
    <Dialog title="Keys" onClose={() => shell.close()}>
      <dl className={styles['keys']}>
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <Kbd keys={keys} />
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p className={styles['lead']}>
        Every other key goes to the guest on the stage. What a browser keeps for itself (Ctrl+N, Ctrl+T,
        Ctrl+W, and Esc, which leaves fullscreen) goes there in fullscreen, in browsers that can; hold Esc to
        leave it.
      </p>
    </Dialog>
  )
}
