/** A PS/2 keyboard: which keys are down, so that every one that went down goes up again. */

import { breakCodes, keyForCharacter, makeCodes } from './scancodes.ts'

export type KeyModifiers = { readonly control: boolean; readonly alt: boolean; readonly shift: boolean }

/** A message of the display port carries at most so many. */
const SCANCODES_PER_MESSAGE = 64

export class Keyboard {
  readonly #send: (scancodes: readonly number[]) => void
  readonly #pressed = new Set<string>()

  constructor(send: (scancodes: readonly number[]) => void) {
    this.#send = send
  }

  /** @returns whether the key is one of a PC keyboard's */
  down(code: string): boolean {
    const scancodes = makeCodes(code, this.#pressed.has('ControlLeft') || this.#pressed.has('ControlRight'))
    if (scancodes === undefined) return false
    // Pause has no release of its own: it is never held.
    if (code !== 'Pause') this.#pressed.add(code)
    this.#send(scancodes)
    return true
  }

  /** A release whose press went elsewhere (the second half of a shortcut) is not the guest's. */
  up(code: string): void {
    // macOS tells no release of keys that are held while Meta is: with Meta they all go up.
    if (code === 'MetaLeft' || code === 'MetaRight') return this.releaseAll()
    if (!this.#pressed.delete(code)) return
    this.#send(breakCodes(code) ?? [])
  }

  /** The keyboard is somebody else's from here on: nothing stays stuck in the guest. */
  releaseAll(): void {
    const scancodes = [...this.#pressed].flatMap((code) => breakCodes(code) ?? [])
    this.#pressed.clear()
    for (let at = 0; at < scancodes.length; at += SCANCODES_PER_MESSAGE)
      this.#send(scancodes.slice(at, at + SCANCODES_PER_MESSAGE))
  }

  /** A whole stroke with modifiers around it, as the on-screen keyboard makes it. */
  stroke(code: string, modifiers: KeyModifiers): void {
    const held = [
      ...(modifiers.control ? ['ControlLeft'] : []),
      ...(modifiers.alt ? ['AltLeft'] : []),
      ...(modifiers.shift ? ['ShiftLeft'] : []),
    ].filter((modifier) => !this.#pressed.has(modifier))
    for (const modifier of held) this.down(modifier)
    if (this.down(code)) this.up(code)
    for (const modifier of held.toReversed()) this.up(modifier)
  }

  /** Types text as keys of a US layout; characters it does not have are left out. */
  type(text: string, modifiers: KeyModifiers = { control: false, alt: false, shift: false }): void {
    for (const character of text.replaceAll('\r\n', '\n')) {
      const key = keyForCharacter(character)
      if (key !== undefined) this.stroke(key.code, { ...modifiers, shift: modifiers.shift || key.shift })
    }
  }
}
