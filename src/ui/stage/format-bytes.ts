/** Amounts of data for people. */

/** “812 bytes”, “3.4 KiB”, “12 MiB”. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, 'KiB'] : [bytes / 1024 ** 2, 'MiB']
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`
}
