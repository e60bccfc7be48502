/** A menu button and its menu, on the browser's own popover: light dismissal, Escape and the top layer come with it. */

import {
  createContext,
  useContext,
  useId,
  useRef,
  useState,
  type ComponentProps,
  type FocusEvent,
  type KeyboardEvent,
  type ReactNode,
} from 'react'
import { place } from './place.ts'
import { moveFocus, ROVING } from './roving.ts'
import buttonStyles from './Button.module.css'
import styles from './Menu.module.css'

const CloseMenu = createContext<() => void>(() => undefined)

type MenuProps = {
  /** Accessible name of the button and of the menu. */
  readonly label: string
  /** What the button shows. */
  readonly button: ReactNode
  /** Class of the button in place of an icon button's. */
  readonly buttonClass?: string | undefined
  readonly align?: 'start' | 'end'
  /** The button takes part in a roving group, with this tab index. */
  readonly rovingIndex?: 0 | -1
  /** Rendered while open. */
  readonly children: ReactNode
}

export function Menu({ label, button, buttonClass, align = 'start', rovingIndex, children }: MenuProps) {
  const id = useId()
  const anchor = useRef<HTMLButtonElement>(null)
  const menu = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    // The guest never sees a key that was meant for a menu.
    event.stopPropagation()
    if (moveFocus(event.currentTarget, event, 'vertical')) return
    if (event.key === 'Tab') menu.current?.hidePopover()
    if (event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey)
      typeAhead(event.currentTarget, event.key)
  }

  const [close] = useState(() => () => menu.current?.hidePopover())

  const onToggle: ComponentProps<'div'>['onToggle'] = (event) => {
    setOpen(event.newState === 'open')
  }

  // A shortcut that gives the keyboard back to a guest ends the menu, too.
  const onBlur = ({ relatedTarget }: FocusEvent) => {
    const outside = relatedTarget instanceof Node && menu.current?.contains(relatedTarget) === false
    if (outside && relatedTarget !== anchor.current) menu.current?.hidePopover()
  }

  const settle = (element: HTMLDivElement | null) => {
    if (element === null || menu.current === null || anchor.current === null) return
    place(menu.current, anchor.current, align)
    menu.current.querySelector<HTMLElement>(`[${ROVING}]`)?.focus()
  }

  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={buttonClass ?? `${buttonStyles['button']} ${buttonStyles['icon']}`}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        popoverTarget={id}
        {...(rovingIndex === undefined ? {} : { [ROVING]: '', tabIndex: rovingIndex })}
      >
        {button}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className={styles['menu']}
        onKeyDown={onKeyDown}
        onToggle={onToggle}
        onBlur={onBlur}
      >
        {open && (
          <CloseMenu value={close}>
            <div ref={settle} role="none">
              {children}
            </div>
          </CloseMenu>
        )}
      </div>
    </>
  )
}

function typeAhead(group: HTMLElement, letter: string): void {
  const items = [...group.querySelectorAll<HTMLElement>(`[${ROVING}]:not(:disabled)`)]
  const from = items.findIndex((item) => item === document.activeElement) + 1
  const next = [...items.slice(from), ...items.slice(0, from)].find((item) =>
    item.textContent.trim().toLowerCase().startsWith(letter.toLowerCase()),
  )
  next?.focus()
}

type MenuItemProps = {
  readonly icon?: ReactNode
  readonly hint?: ReactNode
  readonly disabled?: boolean
  /** Makes it one of several choices. */
  readonly checked?: boolean
  /** With `checked`: a choice of its own, on or off. */
  readonly checkbox?: boolean
  /** Chosen without leaving the menu. */
  readonly keepOpen?: boolean
  readonly onSelect: () => void
  readonly children: ReactNode
}

export function MenuItem(props: MenuItemProps) {
  const {
    icon,
    hint,
    disabled = false,
    checked,
    checkbox = false,
    keepOpen = false,
    onSelect,
    children,
  } = props
  const close = useContext(CloseMenu)
  return (
    <button
      type="button"
      role={checked === undefined ? 'menuitem' : checkbox ? 'menuitemcheckbox' : 'menuitemradio'}
      aria-checked={checked}
      aria-disabled={disabled || undefined}
      tabIndex={-1}
      className={styles['item']}
      {...{ [ROVING]: '' }}
      onClick={() => {
        if (disabled) return
        if (!keepOpen) close()
        onSelect()
      }}
    >
      <span className={styles['icon']} aria-hidden="true">
        {checked === undefined ? icon : checked && <span className={styles['check']} />}
      </span>
      <span className={styles['label']}>{children}</span>
      {hint !== undefined && <span className={styles['hint']}>{hint}</span>}
    </button>
  )
}

export function MenuLine() {
  return <hr className={styles['line']} />
}

type MenuGroupProps = { readonly label: string; readonly children: ReactNode }

export function MenuGroup({ label, children }: MenuGroupProps) {
  return (
    <fieldset className={styles['group']} aria-label={label}>
      <div className={styles['heading']} aria-hidden="true">
        {label}
      </div>
      {children}
    </fieldset>
  )
}
