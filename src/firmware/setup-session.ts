/** One visit to Setup: from its opening to the settings that hold afterwards, NVRAM written and read back in between. */

import { toHex } from '../base/bytes.ts'
import type { FirmwareSettings } from '../protocol/hand-off.ts'
import type { FirmwareKey } from './keys.ts'
import { encodeNvram } from './nvram.ts'
import type { FirmwarePlatform } from './platform.ts'
import { reasonOf } from './post-step.ts'
import { Setup } from './setup.ts'
import type { SetupContext } from './setup-pages.ts'
import type { TextScreen } from './text-screen.ts'

export class SetupSession {
  /** Resolves when the person leaves, with the settings that hold from then on. */
  readonly done: Promise<FirmwareSettings>
  readonly #platform: FirmwarePlatform
  readonly #setup: Setup
  readonly #original: FirmwareSettings
  readonly #onChange: () => void
  #leave: (settings: FirmwareSettings) => void = () => {}
  /** Between the decision to save and its end: `unsaved` waits for the person to read that it failed. */
  #saving: 'no' | 'writing' | { readonly unsaved: FirmwareSettings } = 'no'

  constructor(
    platform: FirmwarePlatform,
    context: SetupContext,
    settings: FirmwareSettings,
    onChange: () => void,
  ) {
    this.#platform = platform
    this.#setup = new Setup(context, settings)
    this.#original = settings
    this.#onChange = onChange
    this.done = new Promise((resolve) => {
      this.#leave = resolve
    })
  }

  key(key: FirmwareKey | undefined, character?: string): void {
    if (this.#saving === 'writing') return
    const result = this.#setup.key(key, character)
    if (this.#saving !== 'no' && !this.#setup.noticeOpen) this.#leave(this.#saving.unsaved)
    else if (result?.kind === 'discard') this.#leave(this.#original)
    else if (result?.kind === 'save') void this.#save(result.settings)
  }

  get takesText(): boolean {
    return this.#saving === 'no' && this.#setup.takesText
  }

  draw(screen: TextScreen): void {
    this.#setup.draw(screen)
  }

  spoken(): string {
    return this.#saving === 'writing' ? 'Writing NVRAM.' : this.#setup.spoken()
  }

  async #save(settings: FirmwareSettings): Promise<void> {
    this.#saving = 'writing'
    try {
      await this.#write(settings)
      this.#leave(settings)
    } catch (error) {
      this.#saving = { unsaved: settings }
      this.#setup.notice('NVRAM not written', [
        `${reasonOf(error)}.`,
        'The settings hold for this boot alone. To keep them, free some storage or open a window that is not private, and save again.',
      ])
    }
    this.#onChange()
  }

  /** @throws Error when what was read back is not what was written */
  async #write(settings: FirmwareSettings): Promise<void> {
    const bytes = encodeNvram(settings)
    await this.#platform.writeNvram(bytes)
    const stored = await this.#platform.readNvram()
    if (stored === undefined || toHex(stored) !== toHex(bytes)) {
      throw new Error('What was read back is not what was written')
    }
  }
}
