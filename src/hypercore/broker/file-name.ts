/** Names of files that cross from one side to another: one part of a path that no system reads as anything else. */

/** Bytes of UTF-8; Linux's own limit is 255, and a receiver may have to add a number. */
const NAME_LIMIT_BYTES = 200

/** What stands after the last dot is kept where a name is cut, up to so many characters. */
const EXTENSION_LIMIT = 16

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}

/** Cuts whole characters off the end. */
function cutTo(text: string, limitBytes: number): string {
  let length = 0
  let cut = ''
  for (const character of text) {
    length += utf8Length(character)
    if (length > limitBytes) break
    cut += character
  }
  return cut
}

/**
 * The last part of a path as a name that is safe to create: no separators, no control or invisible characters, not
 * hidden, not too long. Undefined where nothing is left.
 */
export function safeFileName(untrustedPath: string): string | undefined {
  const last = untrustedPath.split(/[/\\]/u).at(-1) ?? ''
  const name = last
    .normalize('NFC')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '_')
    .trim()
    .replace(/^\./u, '_')
  if (name === '') return undefined
  if (utf8Length(name) <= NAME_LIMIT_BYTES) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && name.length - dot <= EXTENSION_LIMIT ? name.slice(dot) : ''
  return (
    cutTo(name.slice(0, name.length - extension.length), NAME_LIMIT_BYTES - utf8Length(extension)) + extension
  )
}
