/** A page for when there is no machine to show: one title, one explanation, one thing to do. */

import type { ReactNode } from 'react'
import { Mark } from '../parts/Mark.tsx'
import styles from './PlainPage.module.css'

type Props = { readonly title: string; readonly children: ReactNode; readonly actions?: ReactNode }

export function PlainPage({ title, children, actions }: Props) {
  return (
    <main className={styles['page']}>
      <div className={styles['column']}>
        <p className={styles['brand']}>
          <Mark /> HyperSpace
        </p>
        <h1>{title}</h1>
        <div className={styles['text']}>{children}</div>
        {actions !== undefined && <div className={styles['actions']}>{actions}</div>}
      </div>
    </main>
  )
}
