/** The congestion window: slow start and avoidance (RFC 5681). What is congested here is a ring that drops its tail. Bytes. */

/** RFC 6928. */
const INITIAL_SEGMENTS = 10

export class Congestion {
  readonly #segment: number
  readonly #most: number
  #window: number
  #slowStartLimit = Number.POSITIVE_INFINITY

  constructor(segment: number, most: number) {
    this.#segment = segment
    this.#most = most
    this.#window = INITIAL_SEGMENTS * segment
  }

  get window(): number {
    return this.#window
  }

  acknowledged(bytes: number): void {
    if (this.#window < this.#slowStartLimit) this.#window += Math.min(bytes, 2 * this.#segment)
    else this.#window += (this.#segment * this.#segment) / this.#window
    this.#window = Math.min(this.#window, this.#most)
  }

  /** Told by the third acknowledgement in a row for the same byte. */
  lostOne(flight: number): void {
    this.#halve(flight)
    this.#window = this.#slowStartLimit
  }

  /** Told by silence. */
  lostAll(flight: number): void {
    this.#halve(flight)
    this.#window = this.#segment
  }

  #halve(flight: number): void {
    this.#slowStartLimit = Math.max(Math.floor(flight / 2), 2 * this.#segment)
  }
}
