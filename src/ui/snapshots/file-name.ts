/** What every file system takes, out of what a person wrote. */
export function fileName(text: string): string {
  const plain = text.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-+|-+$/g, '')
  return plain === '' ? 'snapshot' : plain.slice(0, 80)
}
