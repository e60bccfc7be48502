/**
 * Setup: a text-mode form over a copy of the settings. Arrow keys move, + and − change, Enter opens a list, F9 loads
 * defaults, F10 and Esc leave after a question. It writes nothing itself: its result says what the person decided.
 */

import { assertNever, defined } from '../base/assert.ts'
import type { FirmwareSettings } from '../protocol/hand-off.ts'
import { HELP_TITLE, SETUP_HELP } from './help.ts'
import type { FirmwareKey } from './keys.ts'
import { drawPopup, popupKey, speakPopup, type Popup } from './popup.ts'
import {
  setupPages,
  type Entry,
  type Field,
  type Focus,
  type FocusableRow,
  type Page,
  type SetupAction,
  type SetupContext,
} from './setup-pages.ts'
import { drawSetup } from './setup-screen.ts'
import type { TextScreen } from './text-screen.ts'

export type SetupResult =
  { readonly kind: 'save'; readonly settings: FirmwareSettings } | { readonly kind: 'discard' }

/** What Enter does in the popup that is open. */
type Asked =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'action'; readonly action: SetupAction }
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'entry'; readonly entry: Entry }

type Open = { readonly popup: Popup; readonly asked: Asked }

/** Where the bar stands. `row` counts rows that can be focused, `column` fields within one. */
export type Cursor = { readonly row: number; readonly column: number }

const NO_ACTION: Asked = { kind: 'nothing' }

export class Setup {
  readonly #context: SetupContext
  readonly #original: FirmwareSettings
  #settings: FirmwareSettings
  #page = 0
  #cursor: Cursor = { row: 0, column: 0 }
  #open: Open | undefined

  constructor(context: SetupContext, settings: FirmwareSettings) {
    this.#context = context
    this.#original = settings
    this.#settings = settings
  }

  /** Answers a result once the person has confirmed leaving. `character`: what the key types into a line of text. */
  key(key: FirmwareKey | undefined, character?: string): SetupResult | undefined {
    if (this.#open !== undefined) return this.#popupKey(this.#open, key, character)
    switch (key) {
      case 'F1':
        this.notice(HELP_TITLE, SETUP_HELP)
        return undefined
      case 'F9':
        this.#ask('defaults')
        return undefined
      case 'F10':
        this.#ask('save')
        return undefined
      case 'Escape':
        this.#ask('discard')
        return undefined
      case 'ArrowLeft':
      case 'ArrowRight':
        this.#turnPage(key === 'ArrowRight' ? 1 : -1)
        return undefined
      case 'ArrowUp':
      case 'ArrowDown':
        this.#moveRow(key === 'ArrowDown' ? 1 : -1)
        return undefined
      case 'Home':
      case 'PageUp':
        this.#cursor = { row: 0, column: this.#cursor.column }
        return undefined
      case 'End':
      case 'PageDown':
        this.#cursor = { row: Math.max(0, this.#focusable().length - 1), column: this.#cursor.column }
        return undefined
      case 'Tab':
        this.#nextField()
        return undefined
      case '+':
      case 'Space':
        this.#change(1)
        return undefined
      case '-':
        this.#change(-1)
        return undefined
      case 'Enter':
        this.#enter()
        return undefined
      case 'F2':
      case 'F12':
      case 'Backspace':
      case 'Delete':
      case undefined:
        return undefined
      default:
        return assertNever(key)
    }
  }

  /** Puts a notice over the form; any result waits until it is dismissed. */
  notice(title: string, paragraphs: readonly string[]): void {
    this.#open = { popup: { kind: 'notice', title, paragraphs }, asked: NO_ACTION }
  }

  get noticeOpen(): boolean {
    return this.#open?.popup.kind === 'notice'
  }

  /** Whether a line of text is being typed. */
  get takesText(): boolean {
    return this.#open?.popup.kind === 'entry'
  }

  draw(screen: TextScreen): void {
    const pages = this.#pages()
    drawSetup(screen, pages, this.#page, this.#focused(), this.#help())
    if (this.#open !== undefined) drawPopup(screen, this.#open.popup)
  }

  spoken(): string {
    if (this.#open !== undefined) return speakPopup(this.#open.popup)
    const page = this.#currentPage()
    const focused = this.#focused()
    if (focused === undefined) {
      const facts = page.rows.flatMap((row) => (row.kind === 'fact' ? [`${row.label}: ${row.value}`] : []))
      return `${page.title} page. ${facts.join('. ')}. ${page.help}`
    }
    if (focused.row.kind === 'action') return `${page.title} page. ${focused.row.label}. ${focused.row.help}`
    const { field } = focused
    const value = field === undefined ? '' : (field.choices[field.current]?.label ?? '')
    return `${page.title} page. ${field?.name ?? ''}: ${value}. ${field?.help ?? ''}`
  }

  #pages(): readonly Page[] {
    return setupPages(this.#context, this.#settings)
  }

  #currentPage(): Page {
    return defined(this.#pages()[this.#page], 'the page number wraps at the pages')
  }

  #focusable(): readonly FocusableRow[] {
    return this.#currentPage().rows.filter((row) => row.kind === 'fields' || row.kind === 'action')
  }

  #focused(): Focus | undefined {
    const row = this.#focusable()[this.#cursor.row]
    if (row === undefined) return undefined
    const field =
      row.kind === 'fields' ? row.fields[Math.min(this.#cursor.column, row.fields.length - 1)] : undefined
    return { row, field }
  }

  #help(): { readonly item: string; readonly text: string } {
    const focused = this.#focused()
    if (focused === undefined) return { item: '', text: this.#currentPage().help }
    if (focused.row.kind === 'action') return { item: '', text: focused.row.help }
    return { item: focused.field?.name ?? '', text: focused.field?.help ?? '' }
  }

  #turnPage(by: 1 | -1): void {
    const count = this.#pages().length
    this.#page = (this.#page + count + by) % count
    this.#cursor = { row: 0, column: 0 }
  }

  #moveRow(by: 1 | -1): void {
    const count = this.#focusable().length
    if (count === 0) return
    this.#cursor = { row: (this.#cursor.row + count + by) % count, column: this.#cursor.column }
  }

  #nextField(): void {
    const { row } = this.#focused() ?? {}
    if (row === undefined) return
    const fields = row.kind === 'fields' ? row.fields.length : 1
    const column = Math.min(this.#cursor.column, fields - 1) + 1
    if (column < fields) this.#cursor = { row: this.#cursor.row, column }
    else this.#cursor = { row: (this.#cursor.row + 1) % this.#focusable().length, column: 0 }
  }

  /** Two choices take turns; more of them end at either end. */
  #change(by: 1 | -1): void {
    const field = this.#focused()?.field
    if (field === undefined) return
    const count = field.choices.length
    const wanted = field.current + by
    this.#choose(field, count === 2 ? (wanted + count) % count : Math.min(Math.max(0, wanted), count - 1))
  }

  #choose(field: Field, index: number): void {
    const choice = field.choices[index]
    if (choice === undefined) return
    if (choice.entry !== undefined) this.#askFor(field.name, choice.entry, choice.entry.start, '')
    else if (choice.outcome.ok) this.#settings = choice.outcome.value
    else this.notice('Refused', [choice.outcome.error])
  }

  #enter(): void {
    const focused = this.#focused()
    if (focused === undefined) return
    if (focused.row.kind === 'action') {
      this.#ask(focused.row.action)
      return
    }
    const { field } = focused
    if (field === undefined) return
    const items = field.choices.map(({ label, outcome }) => ({
      label,
      remark: outcome.ok ? '' : 'over budget',
    }))
    this.#open = {
      popup: { kind: 'list', title: field.name, items, index: field.current },
      asked: { kind: 'field', field },
    }
  }

  #askFor(title: string, entry: Entry, text: string, problem: string): void {
    const popup: Popup = { kind: 'entry', title, text, limit: entry.limit, problem }
    this.#open = { popup, asked: { kind: 'entry', entry } }
  }

  /** A line that is not taken stays, with the reason. */
  #enterText(title: string, entry: Entry, untrustedText: string): void {
    const taken = entry.accept(untrustedText)
    if (taken.ok) this.#settings = taken.value
    else this.#askFor(title, entry, untrustedText, taken.error)
  }

  #ask(action: SetupAction): void {
    const popup: Popup = { kind: 'question', title: 'Setup Confirmation', text: QUESTIONS[action], yes: true }
    this.#open = { popup, asked: { kind: 'action', action } }
  }

  #popupKey(
    { popup, asked }: Open,
    key: FirmwareKey | undefined,
    character: string | undefined,
  ): SetupResult | undefined {
    const step = popupKey(popup, key, character)
    switch (step.kind) {
      case 'open':
        this.#open = { popup: step.popup, asked }
        return undefined
      case 'cancelled':
        this.#open = undefined
        return undefined
      case 'chosen':
        this.#open = undefined
        if (asked.kind === 'field') this.#choose(asked.field, step.index)
        return undefined
      case 'entered':
        this.#open = undefined
        if (asked.kind === 'entry') this.#enterText(popup.title, asked.entry, step.text)
        return undefined
      case 'answered':
        this.#open = undefined
        return step.yes && asked.kind === 'action' ? this.#act(asked.action) : undefined
      default:
        return assertNever(step)
    }
  }

  #act(action: SetupAction): SetupResult | undefined {
    switch (action) {
      case 'save':
        return { kind: 'save', settings: this.#settings }
      case 'discard':
        return { kind: 'discard' }
      case 'defaults':
        this.#settings = this.#context.defaults
        return undefined
      case 'reload':
        this.#settings = this.#original
        return undefined
      default:
        return assertNever(action)
    }
  }
}

const QUESTIONS: Readonly<Record<SetupAction, string>> = {
  save: 'Save configuration changes and exit now?',
  discard: 'Exit without saving? Changes are lost.',
  defaults: 'Load default configuration now?',
  reload: 'Load previous configuration now?',
}
