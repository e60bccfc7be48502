/** A modal on the browser's own `<dialog>`, its title set into the border as in a text-mode setup. */

import { X } from 'lucide-react'
import { useEffect, useId, useRef, type KeyboardEvent, type MouseEvent, type ReactNode } from 'react'
import { IconButton } from './Button.tsx'
import styles from './Dialog.module.css'

type Props = {
  readonly title: string
  readonly onClose: () => void
  /** `medium` for four buttons, `wide` for a page of text, `full` for one that fills what it gets. */
  readonly size?: 'small' | 'medium' | 'wide' | 'full'
  /** Buttons of the last line. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Dialog({ title, onClose, size = 'small', actions, children }: Props) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)

  useEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
  }, [])

  const isPage = size === 'wide' || size === 'full'
  const onBackdrop = (event: MouseEvent<HTMLDialogElement>) => {
    if (event.target === event.currentTarget) onClose()
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events -- Escape closes it
    <dialog
      ref={dialog}
      className={`${styles['dialog']} ${styles[size]}`}
      aria-labelledby={id}
      onClick={onBackdrop}
      onKeyDown={(event: KeyboardEvent) => event.stopPropagation()}
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return
        event.preventDefault()
        onClose()
      }}
    >
      <div className={styles['box']}>
        <header className={styles['header']}>
          <h2 id={id} className={styles['title']}>
            {title}
          </h2>
          <span className={styles['rule']} aria-hidden="true" />
          <IconButton label="Close" onClick={onClose}>
            <X size={16} />
          </IconButton>
        </header>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls is reached by keyboard */}
        <div
          className={styles['body']}
          tabIndex={isPage ? 0 : undefined}
          role={isPage ? 'region' : undefined}
          aria-label={isPage ? title : undefined}
        >
          {children}
        </div>
        {actions !== undefined && <footer className={styles['actions']}>{actions}</footer>}
      </div>
    </dialog>
  )
}
