/** Hands bytes to the person as a download. */

/** Browsers read the address some time after the click; a minute is ample. Milliseconds. */
const DOWNLOAD_BEGINS = 60_000

export function saveBlob(content: Blob, name: string): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_BEGINS)
}
