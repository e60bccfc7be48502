/**
 * Setup's pages as data: what each row says, which fields it has, and what every choice of a field would make of the
 * settings. A choice that the memory budget forbids carries its refusal in words.
 */

import { err, ok, type Result } from '../base/result.ts'
import type { ApplianceSettings, BootPath, FirmwareSettings } from '../protocol/hand-off.ts'
import { BOOT_PATH_NAMES } from './boot-menu.ts'
import {
  BOOT_DELAY_MAX_MS,
  BOOT_DELAY_STEP_MS,
  CAP_MAX_PERCENT,
  CAP_MIN_PERCENT,
  CAP_STEP_PERCENT,
  LOOPBACK_RELAY_URL,
  MEMORY_MAX_MIB,
  MEMORY_STEP_MIB,
  memoryInUseMiB,
  RELAY_URL_LIMIT,
  relayUrlProblem,
  WEIGHTS,
  type Appliance,
} from './settings.ts'
import { capitalised, grouped, seconds } from './words.ts'

export type Choice = {
  readonly label: string
  readonly outcome: Result<FirmwareSettings, string>
  /** It is typed: choosing it asks for a line of text, which makes the settings or is refused in words. */
  readonly entry?: Entry
}

export type Entry = {
  readonly start: string
  /** Characters. */
  readonly limit: number
  accept(untrustedText: string): Result<FirmwareSettings, string>
}

export type Field = {
  /** For people: “Memory of Web”. */
  readonly name: string
  readonly help: string
  readonly choices: readonly Choice[]
  readonly current: number
  readonly column: number
  /** Width of the value between its brackets. */
  readonly width: number
}

export type SetupAction = 'save' | 'discard' | 'defaults' | 'reload'

export type Row =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fact'; readonly label: string; readonly value: string }
  | { readonly kind: 'fields'; readonly label: string; readonly fields: readonly Field[] }
  | { readonly kind: 'action'; readonly label: string; readonly help: string; readonly action: SetupAction }

export type Page = { readonly title: string; readonly help: string; readonly rows: readonly Row[] }

/** A row that the bar can stand on, and where it does. */
export type FocusableRow = Extract<Row, { kind: 'fields' | 'action' }>
export type Focus = { readonly row: FocusableRow; readonly field: Field | undefined }

/** What the pages show besides the settings. */
export type SetupContext = {
  readonly appliances: readonly Appliance[]
  readonly memoryBudgetMiB: number
  readonly defaults: FirmwareSettings
  /** What POST has found, asked at every drawing: volumes may still be read while Setup is open. */
  readonly facts: () => readonly { readonly label: string; readonly value: string }[]
}

const BLANK: Row = { kind: 'text', text: '' }

export function setupPages(context: SetupContext, settings: FirmwareSettings): readonly Page[] {
  return [mainPage(context), hyperspacePage(context, settings), bootPage(context, settings), exitPage()]
}

function mainPage(context: SetupContext): Page {
  return {
    title: 'Main',
    help: 'What the self-test found in this machine. Nothing here can be set: use the arrow keys to go to the other pages.',
    rows: context.facts().map(({ label, value }): Row => ({ kind: 'fact', label, value })),
  }
}

function hyperspacePage(context: SetupContext, settings: FirmwareSettings): Page {
  const inUse = memoryInUseMiB(settings)
  const budget = context.memoryBudgetMiB
  const barCells = 48
  const filled = Math.min(barCells, Math.round((inUse / budget) * barCells))
  return {
    title: 'HyperSpace',
    help: '',
    rows: [
      { kind: 'text', text: '             Start   Memory      CPU cap  Weight' },
      ...context.appliances.flatMap((appliance) => applianceRow(context, settings, appliance)),
      BLANK,
      { kind: 'fact', label: 'Memory budget', value: `${grouped(budget)} MiB` },
      { kind: 'fact', label: 'Given out', value: `${grouped(inUse)} MiB` },
      { kind: 'fact', label: 'Left', value: `${grouped(budget - inUse)} MiB` },
      { kind: 'text', text: '█'.repeat(filled) + '░'.repeat(barCells - filled) },
    ],
  }
}

function applianceRow(context: SetupContext, settings: FirmwareSettings, appliance: Appliance): Row[] {
  const before = settings.appliances[appliance.appliance]
  if (before === undefined) return []
  const name = capitalised(appliance.appliance)
  const changed = (change: Partial<ApplianceSettings>): Result<FirmwareSettings, string> =>
    withinBudget(context, settings, name, {
      ...settings,
      appliances: { ...settings.appliances, [appliance.appliance]: { ...before, ...change } },
    })
  const start = field(
    `Start of ${name}`,
    `Whether ${name} starts with HyperCore. It can be started later too, as far as the budget goes.`,
    [false, true],
    before.start,
    (value) => ({ label: value ? 'On' : 'Off', outcome: changed({ start: value }) }),
    { column: 13, width: 3 },
  )
  const memory = field(
    `Memory of ${name}`,
    `RAM of the guest in MiB; ${name} needs ${appliance.ramMiB}. All guests that start share the budget below.`,
    steps(appliance.ramMiB, Math.max(appliance.ramMiB, MEMORY_MAX_MIB), MEMORY_STEP_MIB),
    before.memoryMiB,
    (value) => ({ label: `${value} MiB`, outcome: changed({ memoryMiB: value }) }),
    { column: 21, width: 8 },
  )
  const cap = field(
    `CPU cap of ${name}`,
    `At most so many percent of one core, measured in real time: the scheduler (model of a credit scheduler) holds the vCPU back beyond it.`,
    steps(CAP_MIN_PERCENT, CAP_MAX_PERCENT, CAP_STEP_PERCENT),
    before.capPercent,
    (value) => ({ label: `${value} %`, outcome: changed({ capPercent: value }) }),
    { column: 33, width: 5 },
  )
  const weight = field(
    `Weight of ${name}`,
    'Share of the processor relative to the others when all of them are busy. Twice the weight, twice the share.',
    WEIGHTS,
    before.weight,
    (value) => ({ label: `${value}`, outcome: changed({ weight: value }) }),
    { column: 42, width: 4 },
  )
  return [{ kind: 'fields', label: name, fields: [start, memory, cap, weight] }]
}

function bootPage(context: SetupContext, settings: FirmwareSettings): Page {
  const value = { column: 17, width: 20 }
  const [first = 'hyperspace', second = 'primary'] = settings.bootOrder
  const orderHelp =
    'HyperSpace: HyperCore with every appliance that is set to start. Primary only: HyperCore with the primary OS alone. The second is taken where the first cannot start: its volume was refused.'
  const order = (name: string, path: BootPath, place: 0 | 1): Field =>
    field(
      name,
      orderHelp,
      ['hyperspace', 'primary'] as const,
      path,
      (chosen) => {
        const other: BootPath = chosen === 'hyperspace' ? 'primary' : 'hyperspace'
        const bootOrder = place === 0 ? [chosen, other] : [other, chosen]
        return { label: BOOT_PATH_NAMES[chosen], outcome: ok({ ...settings, bootOrder }) }
      },
      value,
    )
  return {
    title: 'Boot',
    help: '',
    rows: [
      { kind: 'fields', label: '1st boot path', fields: [order('1st boot path', first, 0)] },
      { kind: 'fields', label: '2nd boot path', fields: [order('2nd boot path', second, 1)] },
      BLANK,
      {
        kind: 'fields',
        label: 'Boot delay',
        fields: [
          field(
            'Boot delay',
            'How long F2 and F12 are waited for, counted from when they are first shown. The self-test runs meanwhile; a delay shorter than it costs nothing.',
            steps(0, BOOT_DELAY_MAX_MS, BOOT_DELAY_STEP_MS),
            settings.bootDelayMs,
            (bootDelayMs) => ({ label: seconds(bootDelayMs), outcome: ok({ ...settings, bootDelayMs }) }),
            value,
          ),
        ],
      },
      {
        kind: 'fields',
        label: 'Boot screen',
        fields: [
          field(
            'Boot screen',
            'Verbose: a line for each step of the self-test. Quiet: the logo with one line of progress. Esc changes between them while it runs.',
            [false, true],
            settings.quietBoot,
            (quietBoot) => ({
              label: quietBoot ? 'Quiet (logo)' : 'Verbose (self-test)',
              outcome: ok({ ...settings, quietBoot }),
            }),
            value,
          ),
        ],
      },
      {
        kind: 'fields',
        label: 'First screen',
        fields: [
          field(
            'First screen',
            'The appliance that fills the screen after the boot.',
            context.appliances.map(({ appliance }) => appliance),
            settings.firstScreen,
            (firstScreen) => ({
              label:
                settings.appliances[firstScreen]?.start === false
                  ? `${capitalised(firstScreen)} (off)`
                  : capitalised(firstScreen),
              outcome: ok({ ...settings, firstScreen }),
            }),
            value,
          ),
        ],
      },
      BLANK,
      {
        kind: 'fields',
        label: 'Network relay',
        fields: [relayField(settings)],
      },
    ],
  }
}

function relayField(settings: FirmwareSettings): Field {
  const { relayUrl: current } = settings
  const known = field(
    'Network relay',
    'None: guests read the sites in this page, and of the world what browsers may read. This computer: real TCP by the relay that “npm run relay” starts. Another: the address of a WISP relay that you type. A relay sees what passes it.',
    ['', LOOPBACK_RELAY_URL],
    current,
    (relayUrl) => ({
      label: relayUrl === '' ? 'None' : relayUrl === LOOPBACK_RELAY_URL ? 'This computer' : relayUrl,
      outcome: ok({ ...settings, relayUrl }),
    }),
    { column: 17, width: 31 },
  )
  const typed: Choice = {
    label: 'Another ...',
    outcome: ok(settings),
    entry: {
      start: current === '' || current === LOOPBACK_RELAY_URL ? 'wss://' : current,
      limit: RELAY_URL_LIMIT,
      accept: (untrustedText) => {
        const problem = relayUrlProblem(untrustedText)
        return problem === undefined ? ok({ ...settings, relayUrl: untrustedText }) : err(problem)
      },
    },
  }
  return { ...known, choices: [...known.choices, typed] }
}

function exitPage(): Page {
  return {
    title: 'Exit',
    help: '',
    rows: [
      {
        kind: 'action',
        label: 'Exit Saving Changes',
        help: 'Writes the settings to NVRAM and boots with them.',
        action: 'save',
      },
      {
        kind: 'action',
        label: 'Exit Discarding Changes',
        help: 'Boots with the settings as they were; NVRAM stays as it is.',
        action: 'discard',
      },
      BLANK,
      {
        kind: 'action',
        label: 'Load Setup Defaults',
        help: 'Sets every field to its default. Nothing is stored before you save.',
        action: 'defaults',
      },
      {
        kind: 'action',
        label: 'Discard Changes',
        help: 'Sets every field back to what it was when Setup opened, and stays here.',
        action: 'reload',
      },
    ],
  }
}

function withinBudget(
  context: SetupContext,
  before: FirmwareSettings,
  name: string,
  after: FirmwareSettings,
): Result<FirmwareSettings, string> {
  const more = memoryInUseMiB(after) - memoryInUseMiB(before)
  const left = context.memoryBudgetMiB - memoryInUseMiB(before)
  // Taking less is always allowed, even where the budget has shrunk under what was given out.
  if (more <= 0 || more <= left) return ok(after)
  return err(
    `${name} would take ${grouped(more)} MiB more, and ${grouped(Math.max(0, left))} MiB of the budget are left. ` +
      'Give another appliance less, or do not start it.',
  )
}

/** A field over the values it can take; a current value off the list gets a place of its own. */
function field<Value extends string | number | boolean>(
  name: string,
  help: string,
  values: readonly Value[],
  current: Value,
  choice: (value: Value) => Choice,
  place: { readonly column: number; readonly width: number },
): Field {
  const all = values.includes(current) ? values : [...values, current].sort((a, b) => Number(a) - Number(b))
  return { name, help, choices: all.map(choice), current: all.indexOf(current), ...place }
}

function steps(first: number, last: number, step: number): readonly number[] {
  const count = Math.floor((last - first) / step) + 1
  return Array.from({ length: count }, (_, index) => first + index * step)
}
