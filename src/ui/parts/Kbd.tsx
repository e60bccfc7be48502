/** A key or a chord: “Ctrl+Alt+1”. */

import styles from './Kbd.module.css'

type Props = { readonly keys: string }

export function Kbd({ keys }: Props) {
  return (
    <span className={styles['chord']}>
      {keys.split('+').map((key) => (
        <kbd key={key} className={styles['key']}>
          {key}
        </kbd>
      ))}
    </span>
  )
}
