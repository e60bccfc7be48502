/** The size of a graphical guest's screen, which the page may choose: what is legal, and what fits a window best. */

export type ScreenSize = { readonly width: number; readonly height: number }

/** Until the page says otherwise. */
export const DEFAULT_SCREEN: ScreenSize = { width: 1024, height: 768 }

/** Of the machine's display, a power of two: four bytes for each pixel of the largest picture. */
export const SCREEN_MEMORY_MIB = 8

/** The display's registers take any width that is a multiple of this. */
const WIDTH_STEP = 8
const LEAST: ScreenSize = { width: 640, height: 480 }
const MOST: ScreenSize = { width: 1920, height: 1088 }

/** The legal size nearest to `wanted`, in the guest's pixels: 640×480 to 1920×1088, the width a multiple of 8. */
export function fitScreenSize(wanted: ScreenSize): ScreenSize {
  const within = (value: number, least: number, most: number): number =>
    Math.max(least, Math.min(most, Math.floor(Number.isFinite(value) ? value : least)))
  const width = within(wanted.width, LEAST.width, MOST.width)
  return { width: width - (width % WIDTH_STEP), height: within(wanted.height, LEAST.height, MOST.height) }
}

export function isScreenSize(size: ScreenSize): boolean {
  const { width, height } = fitScreenSize(size)
  return width === size.width && height === size.height
}
