/**
 * Hypercalls: what a guest may ask of the supervisor. One table, and for each call the same steps: who may call it at all
 * is told by its number; then its arguments are sanitised, its permission is checked (by the broker, where a policy
 * decides about what they name), and it is done.
 */

import { err, ok, type Result } from '../base/result.ts'
import type { Capability } from '../appliances/definitions.ts'
import { AGENT_ABI, HypercallNumber, type HypercallName } from '../protocol/agent.ts'
import { parseDomainId, type DomainId } from '../protocol/domain.ts'
import { fault, type Fault, type FaultKind } from '../protocol/fault.ts'
import type { CallRequest } from '../protocol/supervisor.ts'
import type { HypercallReply } from './agent.ts'
import type { Broker } from './broker/broker.ts'
import { sanitiseClip } from './broker/clip.ts'
import { sanitiseSend } from './broker/sends.ts'
import { sanitiseVault } from './broker/vault.ts'
import { lastLines } from './console-tails.ts'
import type { Domain } from './domain.ts'
import type { LogLevel } from './life.ts'
import type { Pictures } from './pictures.ts'
import type { Guard } from './policy/guard.ts'

/** Lines of a console that `hv console` shows where it is not told how many: a screen. */
const CONSOLE_LINES = 24

/** Appliances whose console not even management reads: what is decrypted in the vault is shown there. */
const PRIVATE_CONSOLES: ReadonlySet<string> = new Set(['vault'])

/** Characters of a line that a guest may put into the journal. */
const LOG_LINE_LIMIT = 400

/** The part of the supervisor that hypercalls reach. */
export type HypercallTarget = {
  readonly version: string
  readonly broker: Broker
  readonly guard: Guard
  readonly pictures: Pictures
  domains(): readonly Domain[]
  /** The same calls that the page makes. */
  call(request: CallRequest): Promise<Result<unknown, Fault>>
  log(level: LogLevel, text: string, domain: Domain): void
}

type Context = { readonly core: HypercallTarget; readonly caller: Domain }

type Hypercall = {
  /** What the caller's appliance must have; undefined: every guest may. */
  readonly needs: Capability | undefined
  /** Answers the act on checked arguments. Undefined: the call is part of the ABI and not built yet. */
  readonly sanitise: ((untrustedArguments: readonly string[]) => Result<Act, Fault>) | undefined
}

type Act = (context: Context) => Promise<Result<string, Fault>>

function malformed(words: string): { ok: false; error: Fault } {
  return err(fault('malformed', words))
}

/** A call that takes nothing. */
function plain(act: (context: Context) => string): Hypercall['sanitise'] {
  return (untrustedArguments) =>
    untrustedArguments.length === 0
      ? ok((context) => Promise.resolve(ok(act(context))))
      : malformed('this call takes no arguments')
}

/** A call on one domain, which answers with `done` when it is over. */
function onDomain(request: (id: DomainId) => CallRequest, done: string): Hypercall['sanitise'] {
  return (untrustedArguments) => {
    const [untrustedName, ...more] = untrustedArguments
    const id = untrustedName === undefined ? undefined : parseDomainId(untrustedName)
    if (id === undefined || more.length > 0) return malformed('this call takes the id of one domain')
    return ok(async ({ core }) => {
      const result = await core.call(request(id))
      return result.ok ? ok(`${id} ${done}`) : result
    })
  }
}

function sanitiseCap(untrustedArguments: readonly string[]): Result<Act, Fault> {
  const [untrustedName = '', untrustedPercent = '', ...more] = untrustedArguments
  const id = parseDomainId(untrustedName)
  if (id === undefined || more.length > 0 || !/^\d{1,3}$/.test(untrustedPercent))
    return malformed('this call takes the id of a domain and a percentage of one core')
  const capPercent = Number(untrustedPercent)
  return ok(async ({ core }) => {
    const result = await core.call({ name: 'setLimits', args: { id, limits: { capPercent } } })
    return result.ok ? ok(`${id} is capped at ${capPercent} % of a core`) : result
  })
}

/** The id of a domain and, if one is wanted, a name. */
function sanitiseSnapshot(untrustedArguments: readonly string[]): Result<Act, Fault> {
  const [untrustedName = '', untrustedLabel = 'Taken by hv', ...more] = untrustedArguments
  const id = parseDomainId(untrustedName)
  const name = untrustedLabel.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  if (id === undefined || name === '' || more.length > 0)
    return malformed('this call takes the id of a domain and, if you like, a name for the snapshot')
  return ok(async ({ core, caller }) => {
    const mayBeTaken = core.domains().some((domain) => domain.id === id && domain.mayCapture().ok)
    const thumbnail = mayBeTaken ? await core.pictures.of(id) : new Uint8Array()
    const args = { id, name, note: `Asked for by ${caller.name}.`, thumbnail }
    const taken = await core.call({ name: 'snapshot', args })
    return taken.ok ? ok(`${id} is kept as “${name}”`) : taken
  })
}

function sanitiseClone(untrustedArguments: readonly string[]): Result<Act, Fault> {
  const [untrustedName = '', ...more] = untrustedArguments
  const id = parseDomainId(untrustedName)
  if (id === undefined || more.length > 0) return malformed('this call takes the id of one domain')
  return ok(async ({ core }) => {
    const cloned = await core.call({ name: 'clone', args: { id } })
    return cloned.ok ? ok(`${String(cloned.value)} is a clone of ${id}`) : cloned
  })
}

/** Control characters could forge lines or colours in whatever shows the journal. */
function sanitiseLog(untrustedArguments: readonly string[]): Result<Act, Fault> {
  const text = untrustedArguments
    .join(' ')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  if (text === '') return malformed('this call takes a line for the journal')
  return ok(({ core, caller }) => {
    core.log('info', `${caller.name} says: ${text.slice(0, LOG_LINE_LIMIT)}`, caller)
    return Promise.resolve(ok(''))
  })
}

/** A DOMAIN, and how many lines. */
function sanitiseConsole(untrustedArguments: readonly string[]): Result<Act, Fault> {
  const [untrustedName = '', untrustedLines = String(CONSOLE_LINES), ...more] = untrustedArguments
  const id = parseDomainId(untrustedName)
  if (id === undefined || more.length > 0 || !/^[1-9]\d{0,3}$/.test(untrustedLines))
    return malformed('this call takes the id of a domain and, at most, a number of lines')
  return ok(async ({ core }) => {
    const domain = core.domains().find((other) => other.id === id)
    if (domain === undefined) return err(fault('no-such-domain', `There is no domain “${id}”.`))
    if (PRIVATE_CONSOLES.has(domain.identity.definition.name))
      return err(fault('forbidden', `the console of “${id}” is for the person alone: secrets pass over it`))
    const untrustedText = await domain.readConsoleTail()
    if (untrustedText === undefined)
      return err(fault('illegal-state', `“${id}” has no console: it is not running.`))
    return ok(lastLines(untrustedText, Number(untrustedLines)))
  })
}

function info({ core, caller }: Context): string {
  const { name, state, memoryBytes, limits } = caller.info()
  const rows = [
    ['domain', caller.id],
    ['name', name],
    ['state', state],
    ['memory', `${memoryBytes / 2 ** 20} MiB`],
    ['processor', `at most ${limits.capPercent} % of a core, weight ${limits.weight}`],
    ['supervisor', `HyperCore ${core.version}, hypercall ABI ${AGENT_ABI}`],
  ] as const
  return rows.map(([label, value]) => `${label.padEnd(12)}${value}`).join('\n')
}

function table(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => row.join('\t')).join('\n')
}

function listDomains({ core }: Context): string {
  const rows = core.domains().map((domain) => {
    const { id, name, state, memoryBytes, limits, health } = domain.info()
    const shown = health.kind === 'ok' ? state : health.kind
    return [id, name, shown, memoryBytes / 2 ** 20, limits.capPercent, limits.weight]
  })
  return table([['id', 'name', 'state', 'MiB', 'cap', 'weight'], ...rows])
}

/** Of all domains, or of one. */
function sanitiseStats(untrustedArguments: readonly string[]): Result<Act, Fault> {
  const [untrustedName, ...more] = untrustedArguments
  const only = untrustedName === undefined ? undefined : parseDomainId(untrustedName)
  if (more.length > 0 || (untrustedName !== undefined && only === undefined))
    return malformed('this call takes nothing or the id of one domain')
  return ok(({ core }) => {
    const domains = core.domains().filter(({ id }) => only === undefined || id === only)
    if (only !== undefined && domains.length === 0)
      return Promise.resolve(err(fault('no-such-domain', `There is no domain “${only}”.`)))
    return Promise.resolve(ok(tableOfStats(domains)))
  })
}

function tableOfStats(domains: readonly Domain[]): string {
  const rows = domains.flatMap((domain) => {
    const { stats } = domain
    if (stats === undefined) return []
    const exits = stats.exits.reduce((sum, { count }) => sum + count, 0)
    return [[domain.id, stats.cpuPercent.toFixed(1), stats.mips.toFixed(1), exits, stats.interrupts]]
  })
  return table([['id', 'cpu%', 'MIPS', 'exits', 'interrupts'], ...rows])
}

/** A call that the broker decides about. */
function brokered<Request>(
  sanitise: (untrustedArguments: readonly string[]) => Result<Request, Fault>,
  act: (context: Context, request: Request) => Promise<Result<string, Fault>>,
): Hypercall['sanitise'] {
  return (untrustedArguments) => {
    const request = sanitise(untrustedArguments)
    return request.ok ? ok((context) => act(context, request.value)) : request
  }
}

const send = brokered(sanitiseSend, ({ core, caller }, request) => core.broker.sends.send(caller, request))
const clip = brokered(sanitiseClip, ({ core, caller }, request) => core.broker.clip.clip(caller, request))
const vault = brokered(sanitiseVault, ({ core, caller }, request) => core.broker.vault.call(caller, request))

/** Shown to a guest; changed by the person alone, in the console. */
function sanitisePolicy(untrustedArguments: readonly string[]): Result<Act, Fault> {
  const [what, ...more] = untrustedArguments
  if (more.length > 0 || (what !== undefined && what !== 'log'))
    return malformed('this call takes nothing, for the policy, or “log”; it is changed in the console alone')
  return ok(({ core }) => Promise.resolve(ok(core.guard.describe(what ?? 'text'))))
}

const HYPERCALLS: Readonly<Record<HypercallName, Hypercall>> = {
  info: { needs: undefined, sanitise: plain(info) },
  log: { needs: undefined, sanitise: sanitiseLog },
  send: { needs: undefined, sanitise: send },
  clip: { needs: undefined, sanitise: clip },
  vault: { needs: undefined, sanitise: vault },
  list: { needs: 'control', sanitise: plain(listDomains) },
  stats: { needs: 'control', sanitise: sanitiseStats },
  start: { needs: 'control', sanitise: onDomain((id) => ({ name: 'start', args: { id } }), 'is running') },
  pause: { needs: 'control', sanitise: onDomain((id) => ({ name: 'pause', args: { id } }), 'is paused') },
  resume: { needs: 'control', sanitise: onDomain((id) => ({ name: 'resume', args: { id } }), 'is running') },
  shutdown: { needs: 'control', sanitise: onDomain((id) => ({ name: 'shutdown', args: { id } }), 'is off') },
  kill: { needs: 'control', sanitise: onDomain((id) => ({ name: 'kill', args: { id } }), 'is off') },
  newIdentity: {
    needs: 'control',
    sanitise: onDomain((id) => ({ name: 'newIdentity', args: { id } }), 'is another one'),
  },
  cap: { needs: 'control', sanitise: sanitiseCap },
  focus: {
    needs: 'control',
    sanitise: onDomain((id) => ({ name: 'focus', args: { id } }), 'is asked to the screen'),
  },
  snapshot: { needs: 'control', sanitise: sanitiseSnapshot },
  clone: { needs: 'control', sanitise: sanitiseClone },
  policy: { needs: 'control', sanitise: sanitisePolicy },
  console: { needs: 'control', sanitise: sanitiseConsole },
}

const numbers: Readonly<Record<string, number>> = HypercallNumber

const BY_NUMBER = new Map<number, Hypercall & { readonly name: string }>(
  Object.entries(HYPERCALLS).map(([name, call]) => [numbers[name] ?? 0, { name, ...call }]),
)

/** `timeout` has no status of its own in the ABI. */
function status(kind: FaultKind): HypercallReply['status'] {
  return kind === 'timeout' ? 'failed' : kind
}

async function run(
  core: HypercallTarget,
  caller: Domain,
  number: number,
  untrustedArguments: readonly string[],
): Promise<Result<string, Fault>> {
  const call = BY_NUMBER.get(number)
  if (call === undefined) return malformed(`there is no call ${number}`)
  const { name, needs, sanitise } = call
  // Before the arguments are looked at: a slip in them must not keep an attempt out of the journal.
  if (needs !== undefined && !caller.identity.definition.capabilities.includes(needs)) {
    core.log('warning', `${caller.name} may not call “${name}”: permission denied.`, caller)
    return err(fault('forbidden', `“${name}” is not for this domain`))
  }
  if (sanitise === undefined) return err(fault('not-implemented', `“${name}” is not implemented yet`))
  const act = sanitise(untrustedArguments)
  return act.ok ? act.value({ core, caller }) : act
}

/** Answers one call of `caller`; never rejects. */
export async function hypercall(
  core: HypercallTarget,
  caller: Domain,
  number: number,
  untrustedArguments: readonly string[],
): Promise<HypercallReply> {
  try {
    const result = await run(core, caller, number, untrustedArguments)
    return result.ok
      ? { status: 'ok', text: result.value }
      : { status: status(result.error.kind), text: result.error.message }
  } catch (error) {
    core.log('error', `hypercall ${number} of ${caller.name} failed: ${String(error)}`, caller)
    return { status: 'failed', text: 'the supervisor made a mistake; its journal has the details' }
  }
}
