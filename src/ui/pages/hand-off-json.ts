/** The hand-off as JSON: what has no text form (the compiled module, a volume's content) says what it is. */

import type { HandOff } from '../../protocol/hand-off.ts'

export function handOffJson(handOff: HandOff): string {
  return JSON.stringify(
    handOff,
    (_key, value: unknown) => {
      if (value instanceof Blob) return `Blob of ${value.size} bytes`
      if (value instanceof WebAssembly.Module) return 'WebAssembly.Module'
      return value
    },
    2,
  )
}
