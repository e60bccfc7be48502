/** The last characters of a text that only grows. */

export class TextRing {
  readonly #capacity: number
  #chunks: string[] = []
  #length = 0
  #end = 0

  /** @param capacity UTF-16 code units kept */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Code units ever pushed. */
  get end(): number {
    return this.#end
  }

  push(text: string): void {
    if (text === '') return
    this.#chunks.push(text)
    this.#length += text.length
    this.#end += text.length
    // Twice the capacity before cutting: the cost of joining is spread over as many characters.
    if (this.#length > 2 * this.#capacity || this.#chunks.length > 4096) this.#compact()
  }

  #compact(): string {
    const text = this.#chunks.join('')
    const kept = text.length > this.#capacity ? text.slice(text.length - this.#capacity) : text
    this.#chunks = kept === '' ? [] : [kept]
    this.#length = kept.length
    return kept
  }

  text(): string {
    const [only] = this.#chunks
    return this.#chunks.length === 1 && only !== undefined && only.length <= this.#capacity
      ? only
      : this.#compact()
  }

  clear(): void {
    this.#chunks = []
    this.#length = 0
    this.#end = 0
  }
}
