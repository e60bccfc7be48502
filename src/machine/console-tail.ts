/** The last bytes of a console, kept for the report of a crash. */

/** About two screens of a kernel's panic with its register dump and call trace. */
const TAIL_BYTES = 16 * 1024

/* oxlint-disable no-control-regex -- control characters are what these are about */

/** ECMA-48 control sequences (CSI, OSC with its two terminators, two-byte escapes), then what is left of controls. */
const ESCAPE_SEQUENCES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f\u0080-\u009f]/g

export class ConsoleTail {
  readonly #ring = new Uint8Array(TAIL_BYTES)
  #written = 0

  push(bytes: Uint8Array): void {
    const last = bytes.length > TAIL_BYTES ? bytes.subarray(bytes.length - TAIL_BYTES) : bytes
    const at = (this.#written + bytes.length - last.length) % TAIL_BYTES
    const first = Math.min(last.length, TAIL_BYTES - at)
    this.#ring.set(last.subarray(0, first), at)
    this.#ring.set(last.subarray(first), 0)
    this.#written += bytes.length
  }

  /** As text: malformed UTF-8 replaced, escape sequences and control characters but tab and newline removed. */
  text(): string {
    const end = this.#written % TAIL_BYTES
    const bytes =
      this.#written <= TAIL_BYTES
        ? this.#ring.slice(0, this.#written)
        : new Uint8Array([...this.#ring.subarray(end), ...this.#ring.subarray(0, end)])
    return new TextDecoder().decode(bytes).replaceAll(ESCAPE_SEQUENCES, '').replaceAll(CONTROLS, '')
  }
}
