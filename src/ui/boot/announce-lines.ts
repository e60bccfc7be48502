/** What a screen reader is told of a text screen: the lines that are new since it was last told. */

/** The lines of `now` that `before` did not have, trimmed, box drawing removed, blanks left out. */
export function newLines(before: string, now: string): string[] {
  const told = new Set(readable(before))
  return readable(now).filter((line) => !told.has(line))
}

function readable(screen: string): string[] {
  return screen
    .split('\n')
    .map((line) =>
      line
        .replace(/[─-▟]+/gu, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')
}
