/** How Setup looks: title and tabs at the top, the form at the left, help for the item at the right, keys below. */

import { NOTICE, SETUP_NAME, Style } from './brand.ts'
import type { Focus, Page, Row } from './setup-pages.ts'
import { COLUMNS, ROWS, type TextScreen } from './text-screen.ts'
import { wrapped } from './words.ts'

const TOP = 2
const BOTTOM = ROWS - 4
/** Column of the line between form and help. */
const SPLIT = 54
const FORM_ROWS = BOTTOM - TOP - 3
const KEYS: readonly (readonly (readonly [key: string, does: string])[])[] = [
  [
    ['F1', 'Help'],
    ['↑↓', 'Select Item'],
    ['-/+', 'Change Values'],
    ['F9', 'Setup Defaults'],
  ],
  [
    ['Esc', 'Exit'],
    ['←→', 'Select Page'],
    ['Enter', 'Choose'],
    ['F10', 'Save and Exit'],
  ],
]
const KEY_COLUMNS = [2, 17, 37, 60] as const
const KEY_WIDTHS = [4, 3, 6, 4] as const

export function drawSetup(
  screen: TextScreen,
  pages: readonly Page[],
  current: number,
  focus: Focus | undefined,
  help: { readonly item: string; readonly text: string },
): void {
  screen.fill(0, 0, COLUMNS, 1, Style.setupTitle)
  screen.putCentred(0, SETUP_NAME, Style.setupTitle)
  drawTabs(screen, pages, current)
  screen.box(TOP, 0, COLUMNS, BOTTOM - TOP + 1, Style.setupBody, 'single')
  screen.put(TOP, SPLIT, '┬', Style.setupBody)
  for (let row = TOP + 1; row < BOTTOM; row++) screen.put(row, SPLIT, '│', Style.setupBody)
  screen.put(BOTTOM, SPLIT, '┴', Style.setupBody)
  drawForm(screen, pages[current], focus)
  drawHelp(screen, help)
  drawKeys(screen)
}

function drawTabs(screen: TextScreen, pages: readonly Page[], current: number): void {
  screen.fill(1, 0, COLUMNS, 1, Style.setupTabs)
  let column = 2
  pages.forEach(({ title }, index) => {
    column = screen.put(1, column, `  ${title}  `, index === current ? Style.setupTab : Style.setupTabs) + 2
  })
}

function drawForm(screen: TextScreen, page: Page | undefined, focus: Focus | undefined): void {
  if (page === undefined) return
  // With more rows than the form holds, the one that is focused stays in sight.
  const at = page.rows.findIndex((row) => row === focus?.row || sameRow(row, focus?.row))
  const first = Math.max(0, Math.min(at - FORM_ROWS + 3, page.rows.length - FORM_ROWS))
  page.rows.slice(first, first + FORM_ROWS).forEach((row, index) => {
    drawRow(screen, TOP + 2 + index, row, sameRow(row, focus?.row) ? focus : undefined)
  })
  if (first > 0) screen.put(TOP + 1, SPLIT - 2, '▲', Style.setupBody)
  if (first + FORM_ROWS < page.rows.length) screen.put(BOTTOM - 1, SPLIT - 2, '▼', Style.setupBody)
}

function sameRow(row: Row, other: Row | undefined): boolean {
  if (other === undefined || row.kind === 'text' || other.kind === 'text') return false
  return row.kind === other.kind && row.label === other.label
}

function drawRow(screen: TextScreen, y: number, row: Row, focus: Focus | undefined): void {
  const left = 3
  const width = SPLIT - left - 1
  switch (row.kind) {
    case 'text':
      screen.put(y, left, row.text, Style.setupBody, width)
      return
    case 'fact':
      screen.put(y, left, row.label, Style.setupBody, 17)
      screen.put(y, left + 17, row.value, Style.setupStatic, width - 17)
      return
    case 'action':
      screen.put(y, left, ` ${row.label} `, focus === undefined ? Style.setupBody : Style.setupFocus, width)
      return
    case 'fields':
      screen.put(y, left, row.label, focus === undefined ? Style.setupBody : Style.setupStatic, 17)
      for (const field of row.fields) {
        const value = (field.choices[field.current]?.label ?? '').slice(0, field.width)
        const focused = focus?.field?.name === field.name
        screen.put(y, left + field.column, '[', Style.setupBody)
        screen.put(
          y,
          left + field.column + 1,
          row.fields.length > 1 ? value.padStart(field.width) : value.padEnd(field.width),
          focused ? Style.setupFocus : Style.setupStatic,
        )
        screen.put(y, left + field.column + 1 + field.width, ']', Style.setupBody)
      }
      return
    default:
      row satisfies never
  }
}

function drawHelp(
  screen: TextScreen,
  { item, text }: { readonly item: string; readonly text: string },
): void {
  const left = SPLIT + 2
  const width = COLUMNS - left - 2
  screen.putCentred(TOP + 1, 'Item Specific Help', Style.setupBody, SPLIT + 1, COLUMNS - SPLIT - 2)
  screen.put(TOP + 2, SPLIT, `├${'─'.repeat(COLUMNS - SPLIT - 2)}┤`, Style.setupBody)
  screen.put(TOP + 4, left, item, Style.setupStatic, width)
  const top = item === '' ? TOP + 4 : TOP + 6
  wrapped(text, width)
    .slice(0, BOTTOM - top)
    .forEach((line, index) => screen.put(top + index, left, line, Style.setupHelp))
}

function drawKeys(screen: TextScreen): void {
  KEYS.forEach((keys, index) => {
    const row = BOTTOM + 1 + index
    screen.fill(row, 0, COLUMNS, 1, Style.setupKeys)
    keys.forEach(([key, does], place) => {
      const column = KEY_COLUMNS[place] ?? 0
      screen.put(row, column, key, Style.setupKeyNames)
      screen.put(row, column + (KEY_WIDTHS[place] ?? 0) + 1, does, Style.setupKeys)
    })
  })
  screen.fill(ROWS - 1, 0, COLUMNS, 1, Style.setupNotice)
  screen.putCentred(ROWS - 1, NOTICE, Style.setupNotice)
}
