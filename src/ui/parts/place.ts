/** Where a popover goes: beside its anchor, inside the window, on the side that has room. */

export type Side = 'below' | 'above'

const MARGIN = 8

/** Sets `left` and `top` of a shown popover (position: fixed) so that it hangs off `anchor`. */
export function place(
  popover: HTMLElement,
  anchor: Element,
  align: 'start' | 'end' | 'centre' = 'start',
): Side {
  const from = anchor.getBoundingClientRect()
  const { offsetWidth: width, offsetHeight: height } = popover
  const ideal =
    align === 'start'
      ? from.left
      : align === 'end'
        ? from.right - width
        : from.left + (from.width - width) / 2
  const left = Math.max(MARGIN, Math.min(ideal, window.innerWidth - width - MARGIN))
  const roomBelow = window.innerHeight - from.bottom
  const side: Side = roomBelow >= height + MARGIN || roomBelow >= from.top ? 'below' : 'above'
  const top = side === 'below' ? from.bottom + MARGIN / 2 : from.top - height - MARGIN / 2
  popover.style.left = `${Math.round(left)}px`
  popover.style.top = `${Math.round(Math.max(MARGIN, top))}px`
  return side
}
