/** Asks the person for one disk image with the browser's own dialog; must be called in their event. */

export function chooseImage(take: (file: File) => void): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.addEventListener(
    'change',
    () => {
      const file = input.files?.[0]
      if (file !== undefined) take(file)
    },
    { once: true },
  )
  input.click()
}
