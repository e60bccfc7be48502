/** Boxes over a screen: a list to choose from, a question, a line to type, a notice. Each takes keys until it has its answer. */

import type { FirmwareKey } from './keys.ts'
import { Style } from './brand.ts'
import type { TextScreen } from './text-screen.ts'
import { wrapped } from './words.ts'

export type ListItem = {
  readonly label: string
  /** Shown dimmed behind the label: why it cannot be had, or what it is. */
  readonly remark: string
}

export type Popup =
  | {
      readonly kind: 'list'
      readonly title: string
      readonly items: readonly ListItem[]
      readonly index: number
      /** Lines below the list, on its keys. */
      readonly footer?: readonly string[]
    }
  | { readonly kind: 'question'; readonly title: string; readonly text: string; readonly yes: boolean }
  | { readonly kind: 'notice'; readonly title: string; readonly paragraphs: readonly string[] }
  | {
      readonly kind: 'entry'
      readonly title: string
      readonly text: string
      /** Characters. */
      readonly limit: number
      /** Why what was entered before was not taken; empty at first. */
      readonly problem: string
    }

/** What a key made of a popup: it goes on as another, or it has ended. */
export type PopupStep =
  | { readonly kind: 'open'; readonly popup: Popup }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'chosen'; readonly index: number }
  | { readonly kind: 'answered'; readonly yes: boolean }
  | { readonly kind: 'entered'; readonly text: string }

/** Rows of a list that are shown at once. */
const LIST_ROWS = 12

/** `character`: what the key types, where that is a character; there are such that the firmware has no other use for. */
export function popupKey(popup: Popup, key: FirmwareKey | undefined, character?: string): PopupStep {
  if (key === 'Escape') return { kind: 'cancelled' }
  if (popup.kind === 'entry') return entryKey(popup, key, character)
  if (key === undefined) return { kind: 'open', popup }
  switch (popup.kind) {
    case 'notice':
      return key === 'Enter' || key === 'Space' ? { kind: 'cancelled' } : { kind: 'open', popup }
    case 'question': {
      if (key === 'Enter') return { kind: 'answered', yes: popup.yes }
      const toggles: readonly FirmwareKey[] = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Tab']
      return { kind: 'open', popup: toggles.includes(key) ? { ...popup, yes: !popup.yes } : popup }
    }
    case 'list': {
      if (key === 'Enter') return { kind: 'chosen', index: popup.index }
      const index = MOVES[key]?.(popup.index, popup.items.length) ?? popup.index
      return { kind: 'open', popup: { ...popup, index } }
    }
    default:
      return popup satisfies never
  }
}

function entryKey(
  popup: Extract<Popup, { kind: 'entry' }>,
  key: FirmwareKey | undefined,
  character: string | undefined,
): PopupStep {
  if (key === 'Enter') return { kind: 'entered', text: popup.text }
  let { text } = popup
  if (key === 'Backspace') text = text.slice(0, -1)
  else if (key === 'Delete') text = ''
  else if (character !== undefined && text.length < popup.limit) text += character
  return { kind: 'open', popup: text === popup.text ? popup : { ...popup, text, problem: '' } }
}

const MOVES: Partial<Record<FirmwareKey, (index: number, count: number) => number>> = {
  ArrowUp: (index, count) => (index + count - 1) % count,
  '-': (index, count) => (index + count - 1) % count,
  ArrowDown: (index, count) => (index + 1) % count,
  '+': (index, count) => (index + 1) % count,
  Tab: (index, count) => (index + 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
  PageUp: (index) => Math.max(0, index - LIST_ROWS),
  PageDown: (index, count) => Math.min(count - 1, index + LIST_ROWS),
}

export function drawPopup(screen: TextScreen, popup: Popup): void {
  switch (popup.kind) {
    case 'notice':
      drawNotice(screen, popup.title, popup.paragraphs)
      return
    case 'question':
      drawQuestion(screen, popup.title, popup.text, popup.yes)
      return
    case 'list':
      drawList(screen, popup)
      return
    case 'entry':
      drawEntry(screen, popup)
      return
    default:
      popup satisfies never
  }
}

/** What a screen reader should say of it. */
export function speakPopup(popup: Popup): string {
  switch (popup.kind) {
    case 'notice':
      return `${popup.title}. ${popup.paragraphs.join(' ')} Press Enter to go on.`
    case 'question':
      return `${popup.title}. ${popup.text} ${popup.yes ? 'Yes' : 'No'} is selected.`
    case 'list': {
      const item = popup.items[popup.index]
      const remark = item === undefined || item.remark === '' ? '' : `, ${item.remark}`
      return `${popup.title}: ${item?.label ?? ''}${remark}, ${popup.index + 1} of ${popup.items.length}.`
    }
    case 'entry':
      return `${popup.title}. ${popup.problem} ${popup.text === '' ? 'Empty' : popup.text}. ${ENTRY_KEYS}`
    default:
      return popup satisfies never
  }
}

const ENTRY_KEYS = 'Enter takes it, Delete empties it, Esc leaves it.'

function drawEntry(screen: TextScreen, popup: Extract<Popup, { kind: 'entry' }>): void {
  const width = 68
  const room = width - 4
  const lines = popup.problem === '' ? [] : wrapped(popup.problem, room)
  const inside = screen.popup(width, lines.length + 6, popup.title)
  // Of a text that is too long for the line, its end, where the person types.
  const shown = `${popup.text}_`.slice(-room)
  screen.fill(inside.row + 1, inside.column, room, 1, Style.popupFocus)
  screen.put(inside.row + 1, inside.column, shown, Style.popupFocus)
  lines.forEach((line, index) => screen.put(inside.row + 3 + index, inside.column, line, Style.popup))
  screen.putCentred(inside.row + lines.length + 3, ENTRY_KEYS, Style.popupDim)
}

function drawNotice(screen: TextScreen, title: string, paragraphs: readonly string[]): void {
  const width = 64
  const lines = paragraphs.flatMap((paragraph, index) => [
    ...(index === 0 ? [] : ['']),
    ...wrapped(paragraph, width - 4),
  ])
  const inside = screen.popup(width, lines.length + 6, title)
  lines.forEach((line, index) => screen.put(inside.row + 1 + index, inside.column, line, Style.popup))
  screen.putCentred(inside.row + lines.length + 2, '  Continue  ', Style.popupFocus)
}

function drawQuestion(screen: TextScreen, title: string, text: string, yes: boolean): void {
  const lines = wrapped(text, 44)
  const inside = screen.popup(48, lines.length + 6, title)
  lines.forEach((line, index) => screen.putCentred(inside.row + 1 + index, line, Style.popup))
  const row = inside.row + lines.length + 2
  screen.put(row, 28, '   Yes   ', yes ? Style.popupFocus : Style.popup)
  screen.put(row, 43, '   No    ', yes ? Style.popup : Style.popupFocus)
}

function drawList(
  screen: TextScreen,
  { title, items, index, footer = [] }: Extract<Popup, { kind: 'list' }>,
): void {
  const labels = Math.max(...items.map(({ label }) => label.length))
  const remarks = Math.max(...items.map(({ remark }) => remark.length))
  const widest = labels + (remarks === 0 ? 0 : remarks + 2)
  const inner = Math.max(20, title.length + 2, widest, ...footer.map((line) => line.length))
  const rows = Math.min(items.length, LIST_ROWS)
  const height = rows + 2 + (footer.length === 0 ? 0 : footer.length + 1)
  const inside = screen.popup(inner + 4, height, title)
  const first = Math.min(Math.max(0, index - Math.floor(rows / 2)), items.length - rows)
  for (let row = 0; row < rows; row++) {
    const item = items[first + row]
    if (item === undefined) continue
    const focused = first + row === index
    const style = focused ? Style.popupFocus : Style.popup
    const y = inside.row + row
    screen.fill(y, inside.column - 1, inner + 2, 1, style)
    screen.put(y, inside.column, item.label, style)
    screen.putRight(y, inside.column + inner, item.remark, focused ? style : Style.popupDim)
  }
  footer.forEach((line, at) => {
    screen.putCentred(inside.row + rows + 1 + at, line, Style.popupDim, inside.column, inner)
  })
  const edge = inside.column + inner + 1
  if (first > 0) screen.put(inside.row, edge, '▲', Style.popupTitle)
  if (first + rows < items.length) screen.put(inside.row + rows - 1, edge, '▼', Style.popupTitle)
}
