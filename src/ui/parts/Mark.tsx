/** The product's mark: five machines side by side on one thin layer, on the grid of a text screen. */

type Props = {
  /** Pixels for each of the grid's 9 × 8 cells. */
  readonly cell?: number
}

export function Mark({ cell = 2 }: Props) {
  return (
    <svg
      width={9 * cell}
      height={8 * cell}
      viewBox="0 0 9 8"
      fill="currentColor"
      aria-hidden="true"
      shapeRendering="crispEdges"
    >
      <path d="M0 0h1v6h-1z M2 0h1v6h-1z M4 0h1v6h-1z M6 0h1v6h-1z M8 0h1v6h-1z M0 7h9v1h-9z" />
    </svg>
  )
}
