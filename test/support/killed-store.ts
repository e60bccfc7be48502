/**
 * The snapshot store of a browser that is killed: a page takes and removes snapshots of a guest one after another and
 * says each step before and after it, so that what the store may hold after the kill is known. That is every step that
 * was answered, perhaps the one that was under way, and nothing else.
 */

import type { Page } from 'playwright-core'

/** More than one, so that pages are shared and the oldest can go; few, since all of them are read after each kill. */
const KEPT = 2

/** What `said` gets: “take x” and “remove x” before a step, “done” after it. */
type Step = { readonly act: 'take' | 'remove'; readonly name: string }

/** A snapshot as it is listed; `whole`: everything of it could be read. */
type Found = { readonly name: string; readonly state: string; readonly whole: boolean }

function after(names: readonly string[], { act, name }: Step): string[] {
  return act === 'take' ? [...names, name] : names.filter((each) => each !== name)
}

export class KilledStore {
  #names: readonly string[] = []
  #underWay: Step | undefined
  #broken: unknown
  /** Steps that were answered. */
  steps = 0

  /** Takes snapshots of `id`, which is started, until the page is gone. `round` makes their names unique. */
  async keepBusy(page: Page, id: string, round: number): Promise<void> {
    await page.exposeFunction('said', (words: string) => this.#hear(words))
    const running = page.evaluate(
      async ([id, round, names, most]) => {
        const api = globalThis.hypercore
        const tell: unknown = Reflect.get(globalThis, 'said')
        if (typeof tell !== 'function') throw new Error('nobody listens')
        await api.start(id)
        const kept = [...names]
        for (let at = 0; ; at += 1) {
          const name = `${round}-${at}`
          await tell(`take ${name}`)
          api.console(id).write(`head -c 200000 /dev/urandom > /tmp/f${at % 3}\r`)
          await api.snapshot(id, name)
          await tell('done')
          kept.push(name)
          while (kept.length > most) {
            const oldest = kept.shift()
            await tell(`remove ${oldest}`)
            await api.removeSnapshot(api.snapshots().find((each) => each.name === oldest)?.id ?? '')
            await tell('done')
          }
        }
      },
      [id, round, this.#names, KEPT] as const,
    )
    // It ends with the browser; what else it fails with would leave the store at rest.
    running.catch((error: unknown) => {
      if (!/closed|disconnected/i.test(String(error))) this.#broken = error
    })
  }

  #hear(words: string): void {
    const [, act, name] = /^(take|remove) (.+)$/.exec(words) ?? []
    if (act !== undefined && name !== undefined) {
      this.#underWay = { act: act === 'take' ? 'take' : 'remove', name }
      return
    }
    if (this.#underWay === undefined) return
    this.#names = after(this.#names, this.#underWay)
    this.#underWay = undefined
    this.steps += 1
  }

  /** What the next browser finds, having loaded every snapshot, and what it must find. */
  async check(page: Page): Promise<{ found: readonly Found[]; wanted: readonly Found[] }> {
    if (this.#broken !== undefined) throw this.#broken
    const found = await page.evaluate(async () => {
      const api = globalThis.hypercore
      // Asking for one that is not there waits until the store is open.
      await api.removeSnapshot('00'.repeat(16)).catch(() => undefined)
      // Exporting reads every page and checks it.
      return Promise.all(
        api.snapshots().map(async ({ id, name, state }) => ({
          name,
          state,
          whole: (await api.exportSnapshot(id)).size > 100_000,
        })),
      )
    })
    const step = this.#underWay
    const isDone =
      step !== undefined && found.some(({ name }) => name === step.name) === (step.act === 'take')
    if (step !== undefined && isDone) this.#names = after(this.#names, step)
    this.#underWay = undefined
    return { found, wanted: this.#names.map((name) => ({ name, state: 'sound', whole: true })) }
  }
}
