/** Draws what a terminal shows onto a canvas of any size: thumbnails and screenshots. */

import type { IBuffer, IBufferCell } from '@xterm/xterm'
import { legible } from './legible.ts'
import { MINIMUM_CONTRAST, palette256, type TerminalTheme } from './terminal-theme.ts'

export type TerminalPicture = {
  readonly buffer: IBuffer
  readonly columns: number
  readonly rows: number
  readonly theme: TerminalTheme
  readonly fontFamily: string
  readonly showCursor: boolean
}

type Context2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

type Style = { foreground: string; background: string; bold: boolean; underline: boolean }

/** Below this height in pixels a letter is not legible: its cell is drawn as a bar of its colour, which is cheaper. */
const LEGIBLE_CELL = 5

/** Share of a cell that a bar covers, about a lower-case letter's. */
const BAR = { top: 0.3, height: 0.45 }

/** Advance of the monospaced font as a share of its size (JetBrains Mono: 600/1000). */
const ADVANCE = 0.6

/** Fills `context` from its origin: `width` × `height` pixels for all columns and rows. */
export function paintTerminal(
  context: Context2D,
  picture: TerminalPicture,
  width: number,
  height: number,
): void {
  const { buffer, columns, rows, theme } = picture
  const palette = palette256(theme)
  const shades = new Map<string, string>()
  const cellWidth = width / columns
  const cellHeight = height / rows
  context.fillStyle = theme.background
  context.fillRect(0, 0, width, height)
  const fontSize = Math.min(cellWidth / ADVANCE, cellHeight)
  context.textBaseline = 'middle'
  let cell: IBufferCell | undefined
  for (let row = 0; row < rows; row++) {
    const line = buffer.getLine(buffer.viewportY + row)
    if (line === undefined) continue
    // Cells of one style are one run: one rectangle and one text.
    let run = { start: 0, end: 0, text: '', style: undefined as Style | undefined }
    const flush = (): void => {
      if (run.style !== undefined) paintRun(context, run.text, run.style, run.start, run.end, row)
    }
    for (let column = 0; column < columns; column++) {
      cell = line.getCell(column, cell)
      if (cell === undefined) break
      const cellColumns = cell.getWidth()
      if (cellColumns === 0) continue
      const style = styleOf(cell, theme, palette, shades)
      const text = cell.isInvisible() !== 0 ? ' ' : cell.getChars() || ' '
      const goesOn = run.style !== undefined && sameStyle(run.style, style) && run.end === column
      // A wide or composed character does not advance as the others do: it is a run of its own.
      const isEven = run.text.length === run.end - run.start && cellColumns === 1 && text.length === 1
      if (goesOn && isEven) {
        run.text += text
        run.end = column + 1
      } else {
        flush()
        run = { start: column, end: column + cellColumns, text, style }
      }
    }
    flush()
  }
  if (picture.showCursor) paintCursor()

  function paintRun(
    target: Context2D,
    text: string,
    style: Style,
    start: number,
    end: number,
    row: number,
  ): void {
    const x = start * cellWidth
    const y = row * cellHeight
    if (style.background !== theme.background) {
      target.fillStyle = style.background
      target.fillRect(x, y, (end - start) * cellWidth, cellHeight)
    }
    const trimmed = text.trimEnd()
    if (trimmed === '') return
    target.fillStyle = style.foreground
    if (cellHeight < LEGIBLE_CELL) return paintBars(target, trimmed, x, y)
    target.font = `${style.bold ? '700 ' : ''}${fontSize}px ${picture.fontFamily}`
    target.fillText(trimmed, x, y + cellHeight / 2)
    if (style.underline)
      target.fillRect(x, y + cellHeight * 0.92, trimmed.length * cellWidth, Math.max(1, cellHeight / 16))
  }

  function paintBars(target: Context2D, text: string, x: number, y: number): void {
    for (const word of text.matchAll(/\S+/g))
      target.fillRect(
        x + word.index * cellWidth,
        y + cellHeight * BAR.top,
        word[0].length * cellWidth,
        cellHeight * BAR.height,
      )
  }

  function paintCursor(): void {
    const row = buffer.baseY + buffer.cursorY - buffer.viewportY
    if (row < 0 || row >= rows) return
    context.globalAlpha = 0.7
    context.fillStyle = theme.cursor
    context.fillRect(buffer.cursorX * cellWidth, row * cellHeight, cellWidth, cellHeight)
    context.globalAlpha = 1
  }
}

/** @param shades of this picture, by the two colours that were asked for */
function styleOf(
  cell: IBufferCell,
  theme: TerminalTheme,
  palette: readonly string[],
  shades: Map<string, string>,
): Style {
  // Bold text in one of the eight first colours is shown in its bright twin, as xterm.js does.
  const brighten = cell.isBold() !== 0 && cell.isFgPalette() && cell.getFgColor() < 8 ? 8 : 0
  let foreground = theme.foreground
  if (cell.isFgPalette()) foreground = palette[cell.getFgColor() + brighten] ?? foreground
  else if (cell.isFgRGB()) foreground = hexColour(cell.getFgColor())
  let background = theme.background
  if (cell.isBgPalette()) background = palette[cell.getBgColor()] ?? background
  else if (cell.isBgRGB()) background = hexColour(cell.getBgColor())
  if (cell.isInverse() !== 0) [foreground, background] = [background, foreground]
  const key = foreground + background
  const corrected = shades.get(key) ?? legible(foreground, background, MINIMUM_CONTRAST)
  shades.set(key, corrected)
  foreground = corrected
  return { foreground, background, bold: cell.isBold() !== 0, underline: cell.isUnderline() !== 0 }
}

function hexColour(value: number): string {
  return `#${value.toString(16).padStart(6, '0')}`
}

function sameStyle(a: Style, b: Style): boolean {
  return (
    a.foreground === b.foreground &&
    a.background === b.background &&
    a.bold === b.bold &&
    a.underline === b.underline
  )
}
