/** About HyperCore: how small the supervisor is, measured by the build, and whose work all the rest is. */

import { useState } from 'react'
import { size } from 'virtual:hypercore-size'
import { Button } from '../parts/Button.tsx'
import { Dialog } from '../parts/Dialog.tsx'
import { Mark } from '../parts/Mark.tsx'
import { formatBytes, formatCount } from '../shell/figures.ts'
import { useShell } from '../shell/shell-store.ts'
import styles from './pages.module.css'

export function About({ version }: { readonly version: string }) {
  const shell = useShell()
  const { lines, minifiedBytes, files } = size
  const longest = Math.max(1, ...files.map((file) => file.lines))
  return (
    <Dialog title="About HyperCore" size="wide" onClose={() => shell.close()}>
      <div className={styles['about']}>
        <p className={styles['lead']}>
          HyperCore is the supervisor: it starts the guests, shares out the processor, and decides what may
          cross between them. It is meant to be small enough to be read in an evening.
        </p>
        <div className={styles['size']}>
          <p>
            <strong>{formatCount(lines)}</strong> lines of code
          </p>
          <p>
            <strong>{formatBytes(minifiedBytes)}</strong> minified
          </p>
          <p className={styles['how']}>Counted by the build; lines without blanks and comments.</p>
        </div>
        <ul className={styles['files']} aria-label="Lines by file">
          {files
            .toSorted((a, b) => b.lines - a.lines)
            .map((file) => (
              <li key={file.file}>
                <span>{file.file}</span>
                <span
                  className={styles['line']}
                  style={{ width: `${(file.lines / longest) * 100}%` }}
                  aria-hidden="true"
                />
                <span>{formatCount(file.lines)}</span>
              </li>
            ))}
        </ul>
        <p className={styles['lead']}>
          <span className={styles['mark']}>
            <Mark />
          </span>
          HyperSpace {version}. Inspired by Phoenix SecureCore, HyperCore and HyperSpace (2007); not
          affiliated with Phoenix Technologies. The processor is emulated by v86.
        </p>
        <Notices />
      </div>
    </Dialog>
  )
}

type NoticesState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'open'; readonly text: string }
  | { readonly kind: 'failed' }

function Notices() {
  const [state, setState] = useState<NoticesState>({ kind: 'closed' })
  const load = async () => {
    setState({ kind: 'loading' })
    try {
      const { notices } = await import('virtual:notices')
      setState({ kind: 'open', text: notices })
    } catch {
      setState({ kind: 'failed' })
    }
  }
  if (state.kind === 'open') {
    return (
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls
      <section className={styles['notices']} tabIndex={0} aria-label="Licences and notices">
        <pre>{state.text}</pre>
      </section>
    )
  }
  return (
    <div className={styles['load']}>
      <Button onClick={() => void load()} disabled={state.kind === 'loading'}>
        Licences and notices
      </Button>
      {state.kind === 'failed' && (
        <p role="alert">They could not be loaded. Check the connection and try again.</p>
      )}
    </div>
  )
}
