/** Arrow keys in a wrapping grid whose columns only the layout knows. */

export type Cell = { readonly left: number; readonly top: number }

/** The index that an arrow, Home or End key leads to from `at`; undefined for other keys. */
export function gridStep(key: string, at: number, cells: readonly Cell[]): number | undefined {
  const last = cells.length - 1
  switch (key) {
    case 'ArrowRight':
      return at === last ? 0 : at + 1
    case 'ArrowLeft':
      return at <= 0 ? last : at - 1
    case 'ArrowDown':
      return vertical(at, cells, 1)
    case 'ArrowUp':
      return vertical(at, cells, -1)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return undefined
  }
}

/** The nearest cell of the next row that way; where there is none, the cell stays. */
function vertical(at: number, cells: readonly Cell[], direction: 1 | -1): number {
  const from = cells[at]
  if (from === undefined) return 0
  let best = at
  let bestDistance = Infinity
  for (const [index, cell] of cells.entries()) {
    const rows = (cell.top - from.top) * direction
    if (rows <= 1) continue
    // A row counts for more than any distance along it.
    const distance = rows * 1e4 + Math.abs(cell.left - from.left)
    if (distance < bestDistance) {
      best = index
      bestDistance = distance
    }
  }
  return best
}
