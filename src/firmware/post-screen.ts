/** How the machine looks before the hand-off: POST's lines, the logo of a quiet boot, the hand-off and the halt. */

import type { BootPath, HandOff, PostEntry } from '../protocol/hand-off.ts'
import { BOOT_PATH_NAMES } from './boot-menu.ts'
import {
  FIRMWARE_NAME,
  FIRMWARE_VERSION,
  MODEL,
  NOTICE,
  STRIPES,
  Style,
  WORD_MARK,
  WORD_MARK_COLOURS,
} from './brand.ts'
import { SUMMARY_WIDTH, type Halt, type PostLine } from './post-step.ts'
import { COLUMNS, ROWS, type TextScreen } from './text-screen.ts'
import { capitalised, clipped, grouped, milliseconds, wrapped } from './words.ts'

/** Right below the header: the twenty-one lines of a whole flash fit without scrolling. */
const LOG_TOP = 2
const STATUS_ROW = ROWS - 2
const KEYS_ROW = ROWS - 1
export const LOG_ROWS = STATUS_ROW - LOG_TOP
const LABEL_WIDTH = 20
/** Leaves the 64 columns of a whole SHA-256. */
const FACT_COLUMN = 16
const BADGE_END = 71

type Status = { readonly text: string; readonly style: number }

export type PostPicture = {
  readonly lines: readonly PostLine[]
  /** Steps there are; 0 while that is not known. */
  readonly planned: number
  readonly status: Status
  /** Rows that the log is scrolled up by. */
  readonly scroll: number
  /** Milliseconds since power-on. It stands between two pictures: one drawn for it alone would cost the boot more. */
  readonly elapsedMs: number
}

const RESULT_STYLES: Readonly<Record<PostEntry['result'], number>> = {
  ok: Style.postOk,
  warning: Style.postWarning,
  failed: Style.postFailed,
}

/** One stripe a domain, leaning forward by one pixel every `steepness` rows; `unit` is a stripe's width and its gap's. */
function drawMark(
  screen: TextScreen,
  row: number,
  column: number,
  { unit, height, steepness }: { readonly unit: number; readonly height: number; readonly steepness: number },
): void {
  const lean = (y: number): number => Math.floor((height - 1 - y) / steepness)
  const width = STRIPES.length * unit * 2 - unit + lean(0)
  screen.putPixels(row, column, width, height, (x, y) => {
    const along = x - lean(y)
    const stripe = Math.floor(along / (unit * 2))
    return along >= 0 && along % (unit * 2) < unit ? STRIPES[stripe] : undefined
  })
}

/** Above the end of the notice; on the logo's screen in the corner. */
const TIMER_END = NOTICE.length

function drawTimer(screen: TextScreen, end: number, { elapsedMs }: Pick<PostPicture, 'elapsedMs'>): void {
  screen.putRight(0, end, `${(elapsedMs / 1000).toFixed(2)} s`, Style.postBright)
}

function drawHeader(screen: TextScreen): void {
  screen.clear(Style.post)
  const name = screen.put(0, 0, `${FIRMWARE_NAME} ${FIRMWARE_VERSION}`, Style.postBright)
  screen.put(0, name + 2, MODEL, Style.post)
  screen.put(1, 0, NOTICE, Style.post)
  drawMark(screen, 0, COLUMNS - 9, { unit: 1, height: 4, steepness: 4 })
}

/** The keys in brackets stand out, as they did. */
function drawKeys(screen: TextScreen, parts: readonly (readonly [key: string, does: string])[]): void {
  let column = 0
  for (const [key, does] of parts) {
    column = screen.put(KEYS_ROW, column, key, Style.postBright) + 1
    column = screen.put(KEYS_ROW, column, does, Style.post) + 3
  }
}

export function logRows(lines: readonly PostLine[]): number {
  return lines.reduce((sum, line) => sum + 1 + noteLines(line).length, 0)
}

function noteLines({ notes = [] }: PostLine): readonly string[] {
  return notes.flatMap((note) => wrapped(note, COLUMNS - 3))
}

function drawLog(screen: TextScreen, picture: PostPicture, height: number): void {
  const rows = picture.lines.flatMap((line) => [
    (row: number) => drawLine(screen, row, line),
    ...noteLines(line).map(
      (note) => (row: number) => void screen.put(row, 2, note, RESULT_STYLES[line.result]),
    ),
  ])
  const end = Math.max(height, rows.length - picture.scroll)
  rows.slice(Math.max(0, end - height), end).forEach((draw, index) => draw(LOG_TOP + index))
}

function drawLine(screen: TextScreen, row: number, line: PostLine): void {
  screen.put(row, 0, line.label, Style.postBright, LABEL_WIDTH - 1)
  screen.put(row, LABEL_WIDTH, line.summary, Style.post, SUMMARY_WIDTH)
  screen.putRight(row, BADGE_END, line.badge, RESULT_STYLES[line.result])
  screen.putRight(row, COLUMNS, milliseconds(line.durationMs), Style.post)
}

/** Before NVRAM has told which screen is wanted: only what both have in the same place. */
export function drawBlank(screen: TextScreen, picture: PostPicture): void {
  screen.clear(Style.post)
  drawStatus(screen, picture)
  drawKeys(screen, [
    ['<F2>', 'Setup'],
    ['<F12>', 'Boot Menu'],
  ])
}

export function drawPost(screen: TextScreen, picture: PostPicture): void {
  drawHeader(screen)
  drawTimer(screen, TIMER_END, picture)
  drawLog(screen, picture, LOG_ROWS)
  drawStatus(screen, picture)
  drawKeys(screen, [
    ['<F2>', 'Setup'],
    ['<F12>', 'Boot Menu'],
    ['<Esc>', 'Logo'],
    ['<F1>', 'Help'],
  ])
  const hidden = logRows(picture.lines) > LOG_ROWS
  if (hidden) screen.putRight(KEYS_ROW, COLUMNS, '<PgUp> <PgDn> Scroll', Style.post)
}

function drawStatus(screen: TextScreen, { lines, planned, status }: PostPicture): void {
  const count = planned === 0 ? '' : `${lines.length} of ${planned}`
  screen.put(STATUS_ROW, 0, clipped(status.text, COLUMNS - count.length - 2), status.style)
  screen.putRight(STATUS_ROW, COLUMNS, count, Style.post)
}

export function drawLogo(screen: TextScreen, picture: PostPicture): void {
  screen.clear(Style.post)
  drawTimer(screen, COLUMNS, picture)
  drawMark(screen, 3, 19, { unit: 4, height: 12, steepness: 2 })
  const [first = ''] = WORD_MARK
  screen.putPixels(11, Math.floor((COLUMNS - first.length) / 2), first.length, WORD_MARK.length, (x, y) =>
    WORD_MARK[y]?.charAt(x) === '#' ? WORD_MARK_COLOURS[y] : undefined,
  )
  screen.putCentred(16, `VeriBoot Firmware ${FIRMWARE_VERSION} - ${MODEL}`, Style.postBright)
  screen.putCentred(17, NOTICE, Style.post)

  const { lines, planned, status } = picture
  if (planned > 0) {
    const cells = 40
    const done = Math.min(cells, Math.round((lines.length / planned) * cells))
    const left = (COLUMNS - cells) / 2
    screen.put(20, left, '█'.repeat(done), Style.postTitle)
    screen.put(20, left + done, '░'.repeat(cells - done), Style.post)
  }
  screen.putCentred(21, clipped(status.text, COLUMNS), status.style)
  const worst = lines.filter(({ result }) => result !== 'ok').map(({ label, badge }) => `${label}: ${badge}`)
  if (worst.length > 0) {
    screen.putCentred(22, worst.join('  ').slice(0, COLUMNS), Style.postFailed)
  }
  drawKeys(screen, [
    ['<F2>', 'Setup'],
    ['<F12>', 'Boot Menu'],
    ['<Esc>', 'Details'],
    ['<F1>', 'Help'],
  ])
}

/** The machine has stopped: POST's last lines, and what the person can do. */
export function drawHalt(screen: TextScreen, picture: PostPicture, halt: Halt): void {
  drawHeader(screen)
  drawTimer(screen, TIMER_END, picture)
  const words = [...wrapped(halt.message, COLUMNS - 6), '', ...wrapped(halt.action, COLUMNS - 6)]
  const height = words.length + 4
  const top = KEYS_ROW - height
  // What failed stands last, next to the words about it.
  const lines = picture.lines.toSorted(
    (a, b) => Number(a.result === 'failed') - Number(b.result === 'failed'),
  )
  drawLog(screen, { ...picture, lines, scroll: 0 }, top - LOG_TOP - 1)
  screen.fill(top, 0, COLUMNS, height, Style.halt)
  screen.put(top + 1, 3, 'System halted', Style.halt)
  words.forEach((line, index) => screen.put(top + 2 + index, 3, line, Style.halt))
}

export type StartingDomain = {
  readonly appliance: string
  readonly memoryMiB: number
  readonly capPercent: number
  readonly weight: number
  readonly volumeBytes: number
  readonly firstScreen: boolean
}

/** The domains that HyperCore is asked to start: verified, chosen, and on the boot path. */
export function startingDomains(
  path: BootPath,
  { settings, volumes }: Pick<HandOff, 'settings' | 'volumes'>,
): readonly StartingDomain[] {
  return Object.entries(settings.appliances).flatMap(([appliance, chosen]) => {
    const volume = volumes.find((each) => each.appliance === appliance)
    const wanted = path === 'primary' ? appliance === 'primary' : chosen.start
    if (volume === undefined || !wanted) return []
    const { memoryMiB, capPercent, weight } = chosen
    const firstScreen = settings.firstScreen === appliance
    return [{ appliance, memoryMiB, capPercent, weight, volumeBytes: volume.size, firstScreen }]
  })
}

/** The last screen: what HyperCore gets, nothing else. */
export function drawHandOff(screen: TextScreen, handOff: HandOff): void {
  drawHeader(screen)
  drawTimer(screen, TIMER_END, { elapsedMs: handOff.endedAt })
  const { hypercore } = handOff.scripts
  const domains = startingDomains(handOff.bootPath, handOff)
  const givenOut = domains.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0)
  screen.put(3, 0, 'Handing over to HyperCore', Style.postTitle)
  const facts: readonly (readonly [string, string])[] = [
    ['HyperCore', `${fileName(hypercore.url)}, ${grouped(hypercore.size)} bytes`],
    ['SHA-256', hypercore.sha256],
    ['Boot path', BOOT_PATH_NAMES[handOff.bootPath]],
    ['Memory', `${grouped(givenOut)} of ${grouped(handOff.memoryBudgetMiB)} MiB given out`],
    ['Since power-on', milliseconds(handOff.endedAt)],
  ]
  facts.forEach(([label, value], index) => {
    screen.put(4 + index, 0, label, Style.postBright)
    screen.put(4 + index, FACT_COLUMN, value, Style.post)
  })
  screen.put(10, 0, 'Domain', Style.postTitle)
  screen.put(10, LABEL_WIDTH, '   Memory   CPU cap   Weight   Volume', Style.postTitle)
  let row = 11
  for (const domain of domains.slice(0, 6)) {
    screen.put(row, 0, capitalised(domain.appliance), Style.postBright)
    const columns = [
      `${grouped(domain.memoryMiB)} MiB`.padStart(9),
      `${domain.capPercent} %`.padStart(9),
      `${domain.weight}`.padStart(8),
      `   ${grouped(domain.volumeBytes)} bytes${domain.firstScreen ? ', first screen' : ''}`,
    ]
    screen.put(row, LABEL_WIDTH, columns.join(''), Style.post)
    row += 1
  }
  if (domains.length > 6) screen.put(row++, 0, `and ${domains.length - 6} more`, Style.post)
  if (domains.length === 0) screen.put(row++, 0, 'none: no appliance is set to start', Style.postWarning)
  drawRefused(screen, row + 1, handOff)
}

function drawRefused(screen: TextScreen, top: number, { refused }: HandOff): void {
  let row = top
  for (const { name, reason } of refused) {
    if (row + 3 > ROWS) break
    screen.put(row, 0, `Refused: ${name}`, Style.postFailed)
    const details =
      reason.kind === 'mismatch'
        ? [`manifest ${reason.expectedSha256}`, `computed ${reason.actualSha256}`]
        : wrapped(reason.detail, COLUMNS - 3).slice(0, 2)
    details.forEach((detail, index) => screen.put(row + 1 + index, 2, detail, Style.postFailed))
    row += 1 + details.length
  }
}

function fileName(url: string): string {
  return url.split(/[?#]/, 1)[0]?.split('/').at(-1) ?? url
}
