/** The product's mark: two machines on one thin layer, drawn on an 8 × 8 grid as a firmware font would. */

type Props = { readonly size?: number }

export function Mark({ size = 16 }: Props) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 8 8"
      fill="currentColor"
      aria-hidden="true"
      shapeRendering="crispEdges"
    >
      <rect x="0" y="0" width="3" height="5" />
      <rect x="5" y="0" width="3" height="5" />
      <rect x="0" y="6" width="8" height="1" />
    </svg>
  )
}
