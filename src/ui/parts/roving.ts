/** Roving focus: a group of controls is one tab stop, and arrow keys move inside it (ARIA APG). */

import type { KeyboardEvent } from 'react'

export type RovingAxis = 'horizontal' | 'vertical'

/** The controls of a roving group carry this attribute. */
export const ROVING = 'data-roving'

/** Moves focus for an arrow, Home or End key among the group's enabled controls; true when it did. */
export function moveFocus(group: HTMLElement, event: KeyboardEvent, axis: RovingAxis): boolean {
  const items = [...group.querySelectorAll<HTMLElement>(`[${ROVING}]`)].filter(
    (item) => !item.hasAttribute('disabled') && item.offsetParent !== null,
  )
  const at = items.findIndex((item) => item === document.activeElement)
  if (at < 0) return false
  const to = target(event.key, axis, at, items.length)
  const item = to === undefined ? undefined : items[to]
  if (item === undefined) return false
  event.preventDefault()
  for (const other of items) other.tabIndex = other === item ? 0 : -1
  item.focus()
  return true
}

function target(key: string, axis: RovingAxis, at: number, count: number): number | undefined {
  const [back, forth] = axis === 'horizontal' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown']
  switch (key) {
    case back:
      return (at + count - 1) % count
    case forth:
      return (at + 1) % count
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return undefined
  }
}
