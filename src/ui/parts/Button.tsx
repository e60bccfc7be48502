/** Buttons: ink for the one thing to do, quiet for the rest, hatched where something would be lost. */

import type { ComponentProps, ReactNode } from 'react'
import styles from './Button.module.css'

type Kind = 'primary' | 'quiet' | 'plain' | 'danger'

type ButtonProps = Omit<ComponentProps<'button'>, 'className'> & { readonly kind?: Kind }

export function Button({ kind = 'quiet', children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} className={`${styles['button']} ${styles[kind]}`}>
      {children}
    </button>
  )
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'className' | 'aria-label' | 'title' | 'children'> & {
  /** The accessible name, shown as the tooltip. */
  readonly label: string
  /** A key chord told in the tooltip. */
  readonly keys?: string
  readonly children: ReactNode
}

export function IconButton({ label, keys, children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`${styles['button']} ${styles['icon']}`}
      aria-label={label}
      title={keys === undefined ? label : `${label} (${keys})`}
    >
      {children}
    </button>
  )
}
