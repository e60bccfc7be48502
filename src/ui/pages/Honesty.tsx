/** What is real, what is modelled: two columns, concrete. */

import { Dialog } from '../parts/Dialog.tsx'
import { useShell } from '../shell/shell-store.ts'
import { MODELLED, REAL, type Statement } from './honesty-text.ts'
import styles from './pages.module.css'

export function Honesty() {
  const shell = useShell()
  return (
    <Dialog title="What is real, what is modelled" size="full" onClose={() => shell.close()}>
      <p className={styles['lead']}>
        This is a demonstration and a laboratory. It is not a hypervisor, and nothing in it will protect your
        machine. Nothing in it is acted, either.
      </p>
      <div className={styles['columns']}>
        <Column title="Real" statements={REAL} />
        <Column title="Modelled" statements={MODELLED} />
      </div>
    </Dialog>
  )
}

function Column({
  title,
  statements,
}: {
  readonly title: string
  readonly statements: readonly Statement[]
}) {
  return (
    <section className={styles['column']} data-kind={title.toLowerCase()}>
      <h3>{title}</h3>
      <dl>
        {statements.map((statement) => (
          <div key={statement.title}>
            <dt>{statement.title}</dt>
            <dd>{statement.text}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
