/** Figures and sentences as the screens print them. */

/** “1,743,201” */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A file's size and the beginning of its SHA-256, in columns. */
export function measured(bytes: number, sha256: string): string {
  return `${grouped(bytes).padStart(10)} bytes  sha256 ${sha256.slice(0, 16)}`
}

/** A measured duration in at most eight columns: “0.4 ms”, “182 ms”, “12.3 s”. */
export function milliseconds(ms: number): string {
  if (ms < 99.95) return `${ms.toFixed(1)} ms`
  if (ms < 9_999.5) return `${grouped(ms)} ms`
  return `${(ms / 1000).toFixed(1)} s`
}

/** Bytes in the largest binary unit that leaves at least one: “2.0 GiB”. */
export function binarySize(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return unit === 0
    ? `${grouped(value)} bytes`
    : `${value < 100 ? value.toFixed(1) : grouped(value)} ${units[unit]}`
}

/** Seconds with one decimal where it says something: “1 s”, “0.5 s”. */
export function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`
}

/** “kernel”, “kernel and web”, “kernel, web and vault”. */
export function listed(items: readonly string[]): string {
  const last = items.at(-1)
  if (last === undefined) return ''
  return items.length === 1 ? last : `${items.slice(0, -1).join(', ')} and ${last}`
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `text` broken at blanks into lines of at most `width`; a longer word is cut. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    let rest = word
    if (line !== '' && line.length + 1 + rest.length <= width) {
      line += ` ${rest}`
      continue
    }
    if (line !== '') lines.push(line)
    while (rest.length > width) {
      lines.push(rest.slice(0, width))
      rest = rest.slice(width)
    }
    line = rest
  }
  if (line !== '') lines.push(line)
  return lines
}

/** `text`, or as many of its words as leave room for dots in `width`. */
export function clipped(text: string, width: number): string {
  if (text.length <= width) return text
  const [line = ''] = wrapped(text, width - 4)
  return `${line.replace(/,$/, '')} ...`
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
