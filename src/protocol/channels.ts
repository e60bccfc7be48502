/**
 * The ports between a domain and the page: display and console. Both run by credit, so that a guest that floods waits
 * for the person's side and never the other way round.
 */

/** Page → domain on the display port. */
export type DisplayRequest =
  /** One frame may be sent; `recycle` gives the buffer of an earlier one back. No credit, no work. */
  | { readonly kind: 'credit'; readonly recycle?: ArrayBuffer }
  /** The next frame must be the whole screen (a new viewer). */
  | { readonly kind: 'refresh' }
  /** The page shows another guest: no slice begins for so long, so that it has a processor for it. 0: the guest goes on. */
  | { readonly kind: 'stand-aside'; readonly forMs: number }
  /** PS/2 set 1 scancodes as the i8042 delivers them, at most 64. */
  | { readonly kind: 'keys'; readonly scancodes: readonly number[] }
  /** Movement in guest pixels, y down; buttons are bits 0 left, 1 middle, 2 right. */
  | {
      readonly kind: 'mouse'
      readonly dx: number
      readonly dy: number
      readonly wheel: number
      readonly buttons: number
      /** The guest takes this one before it is told of the next. */
      readonly settle: boolean
    }

/** Domain → page on the display port. */
export type DisplayEvent =
  /** A changed rectangle of the screen as RGBA bytes, width × height × 4; answers one credit. */
  {
    readonly kind: 'frame'
    readonly screen: { readonly width: number; readonly height: number; readonly mode: 'text' | 'graphics' }
    readonly x: number
    readonly y: number
    readonly width: number
    readonly height: number
    readonly pixels: ArrayBuffer
    readonly sequence: number
  }

/** Page → domain on the console port. */
export type ConsoleRequest =
  | { readonly kind: 'input'; readonly bytes: Uint8Array }
  /** `bytes` of the output have been taken by the terminal. */
  | { readonly kind: 'ack'; readonly bytes: number }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }

/** Domain → page on the console port. */
export type ConsoleEvent = { readonly kind: 'output'; readonly bytes: Uint8Array }

/**
 * How long guests stand aside, ms, when a switch is near (its modifiers are down): two frames at 60 Hz; and for a switch until
 * the page has painted it, at most. The key's way to the page, the page's frame and its way to the screen pass through
 * half a dozen threads; with more busy guests than processors each waits for a turn.
 */
export const SWITCH_IS_NEAR_MS = 33
export const LONGEST_ASIDE_MS = 150

/** Unacknowledged console output at which the vCPU is held back, and at which it goes on. Bytes. */
export const CONSOLE_HIGH_WATERMARK = 256 * 1024
export const CONSOLE_LOW_WATERMARK = 64 * 1024

export type NetworkMessage =
  /** Both ways: Ethernet without FCS, 14–1514 bytes each. */
  | { readonly kind: 'frames'; readonly frames: readonly Uint8Array[] }
  /** Domain → fabric: so many frames have been put into the card's ring or dropped there. No word, no more frames. */
  | { readonly kind: 'taken'; readonly frames: number }

/** What a domain's worker has sent, its form checked; undefined: none of ours. The frames' bytes are nobody's yet. */
export function parseNetworkMessage(untrustedData: unknown): NetworkMessage | undefined {
  if (typeof untrustedData !== 'object' || untrustedData === null || !('frames' in untrustedData))
    return undefined
  const kind = 'kind' in untrustedData ? untrustedData.kind : undefined
  const { frames } = untrustedData
  if (kind === 'taken') return typeof frames === 'number' ? { kind, frames } : undefined
  if (kind !== 'frames' || !Array.isArray(frames)) return undefined
  const checked = frames.filter((frame): frame is Uint8Array => frame instanceof Uint8Array)
  return { kind, frames: checked }
}
