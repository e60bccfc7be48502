/** Hands a file to the person among their downloads. */

/** Browsers read the address some time after the click; a minute is ample. Milliseconds. */
const DOWNLOAD_BEGINS = 60_000

export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_BEGINS)
}

/** What every file system takes, out of what a person wrote. */
export function fileName(text: string): string {
  const plain = text.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-+|-+$/g, '')
  return plain === '' ? 'snapshot' : plain.slice(0, 80)
}
