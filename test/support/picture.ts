/** What a viewer of a domain's display sees: frames put together, text read off them. */

import type { DisplayEvent } from '../../src/protocol/channels.ts'
import { vgaFont } from './guest-images.ts'

export class Picture {
  width = 0
  height = 0
  mode = ''
  pixels = new Uint32Array(0)

  /** Paints a frame. */
  show(frame: DisplayEvent): void {
    const { screen, x, y, width, height } = frame
    if (screen.width !== this.width || screen.height !== this.height) {
      this.width = screen.width
      this.height = screen.height
      this.pixels = new Uint32Array(this.width * this.height)
    }
    this.mode = screen.mode
    const source = new Uint32Array(frame.pixels)
    for (let row = 0; row < height; row++)
      this.pixels.set(source.subarray(row * width, (row + 1) * width), (y + row) * this.width + x)
  }

  /** Red, green, blue, alpha. */
  at(x: number, y: number): number[] {
    const pixel = this.pixels[y * this.width + x] ?? 0
    return [0, 8, 16, 24].map((shift) => (pixel >>> shift) & 0xff)
  }

  /** A text screen's lines: each cell of 9×16 or 8×16 compared with the glyphs of the VGA BIOS. */
  text(): string[] {
    const font = vgaFont()
    const glyphs = new Map<string, string>()
    // Code 0 looks like the space: what can be printed comes first.
    for (let code = 32; code < 127; code++)
      glyphs.set(font.subarray(code * 16, code * 16 + 16).join(','), String.fromCodePoint(code))
    const cell = this.width % 9 === 0 ? 9 : 8
    return Array.from({ length: this.height / 16 }, (_, row) =>
      Array.from({ length: this.width / cell }, (_, column) =>
        this.#cell(glyphs, column * cell, row * 16),
      ).join(''),
    )
  }

  #cell(glyphs: ReadonlyMap<string, string>, left: number, top: number): string {
    const bits = (dark: boolean): string =>
      Array.from({ length: 16 }, (_, line) => {
        let byte = 0
        for (let x = 0; x < 8; x++) {
          const set = (this.pixels[(top + line) * this.width + left + x] ?? 0) !== 0xff000000
          byte = (byte << 1) | Number(set !== dark)
        }
        return byte
      }).join(',')
    return glyphs.get(bits(false)) ?? glyphs.get(bits(true)) ?? '\ufffd'
  }
}
