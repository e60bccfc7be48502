/**
 * The policy: one table that a person can read, and the text that it is written in. The first line that fits decides;
 * what no line decides is denied. Shared by the supervisor, which enforces it, and the page, which edits it.
 *
 * ```
 * zone linked = primary, web, messaging, own
 *
 * # source     destination  service   verdict
 * linked       gateway      dns       allow     # the switch's own resolver
 * primary      vault        secret    ask
 * *            *            *         deny
 * ```
 * A name stands for a domain, for every domain made from an appliance, or for a zone. `gateway` are the switch's own
 * services, `portal` the sites inside the product, `internet` whatever is fetched or relayed from outside, `host` the
 * person's side (files, clipboard), `trunk` other machines. `*` is everything but the trunk, which has to be named.
 */

import { assertNever } from '../base/assert.ts'
import { err, ok, type Result } from '../base/result.ts'

export const PLACES = ['gateway', 'portal', 'internet', 'host', 'trunk'] as const
export type Place = (typeof PLACES)[number]

export const VERDICTS = ['allow', 'ask', 'deny'] as const
export type Verdict = (typeof VERDICTS)[number]

/** Named services; beside them `tcp/PORT`, `udp/PORT` and `*`. */
export const SERVICES = [
  'dhcp',
  'dns',
  'icmp',
  'ntp',
  'http',
  'https',
  'file',
  'clip',
  'secret',
  'sign',
] as const

export type PolicyRule = {
  readonly source: string
  readonly destination: string
  readonly service: string
  readonly verdict: Verdict
}

/** One line of the text; entry n is line n + 1. Comments are kept without their mark. */
export type PolicyEntry =
  | { readonly kind: 'blank' }
  | { readonly kind: 'comment'; readonly text: string }
  | {
      readonly kind: 'zone'
      readonly name: string
      readonly members: readonly string[]
      readonly comment: string
    }
  | ({ readonly kind: 'rule'; readonly comment: string } & PolicyRule)

/** What a verdict is asked for: who begins it, with whom, and by which service. */
export type Flow = {
  /** The id of a domain; `host`, or `trunk` for a guest of another machine. */
  readonly source: string
  /** A domain's id, or one of PLACES. */
  readonly destination: string
  /** One of SERVICES, `tcp/PORT` or `udp/PORT`. */
  readonly service: string
}

export type Policy = { readonly entries: readonly PolicyEntry[] }

/** Lines and columns count from 1. */
export type PolicyProblem = { readonly line: number; readonly column: number; readonly message: string }

/** A table that a person can read ends long before. */
export const POLICY_MAX_LINES = 500
export const POLICY_MAX_CHARACTERS = 32_768
const COMMENT_LIMIT = 200

const NAME = /^[a-z][a-z0-9-]{0,31}$/
const PORT_SERVICE = /^(?:tcp|udp)\/([1-9]\d{0,4})$/

export function isService(untrustedText: string): boolean {
  const port = PORT_SERVICE.exec(untrustedText)?.[1]
  if (port !== undefined) return Number(port) <= 65_535
  return untrustedText === '*' || SERVICES.some((name) => name === untrustedText)
}

export function isPlace(name: string): name is Place {
  return PLACES.some((place) => place === name)
}

/** A word and where it begins. */
type Word = { readonly text: string; readonly column: number }

function wordsOf(code: string): Word[] {
  return Array.from(code.matchAll(/\S+/g), (match) => ({ text: match[0], column: match.index + 1 }))
}

class LineError extends Error {
  readonly column: number

  constructor(column: number, message: string) {
    super(message)
    this.column = column
  }
}

function checkEndpoint({ text, column }: Word): string {
  if (text === '*' || NAME.test(text)) return text
  throw new LineError(
    column,
    `“${text}” is no name: lower-case letters, digits and hyphens, 32 at most; or * for all.`,
  )
}

function parseZone(words: readonly Word[], comment: string): PolicyEntry {
  const [, name, equals, ...rest] = words
  if (name === undefined) throw new LineError(6, 'A zone needs a name: zone work = primary, messaging')
  if (!NAME.test(name.text) || isPlace(name.text) || name.text === 'zone')
    throw new LineError(name.column, `“${name.text}” cannot be the name of a zone.`)
  if (equals?.text !== '=')
    throw new LineError(equals?.column ?? name.column, `After the zone’s name comes “=”, then its members.`)
  const members: string[] = []
  let wantsMember = true
  for (const word of rest) {
    for (const part of word.text.split(/(,)/).filter((piece) => piece !== '')) {
      if ((part === ',') === wantsMember)
        throw new LineError(word.column, 'Members are names with a comma between two of them.')
      if (part !== ',') {
        if (part === '*' || !NAME.test(part))
          throw new LineError(word.column, `“${part}” cannot be a member of a zone.`)
        members.push(part)
      }
      wantsMember = part === ','
    }
  }
  if (wantsMember) throw new LineError(rest.at(-1)?.column ?? equals.column, 'Here a member is missing.')
  return { kind: 'zone', name: name.text, members, comment }
}

function parseRule(words: readonly Word[], comment: string): PolicyEntry {
  const [source, destination, service, verdict, extra] = words
  if (source === undefined || destination === undefined || service === undefined || verdict === undefined)
    throw new LineError(
      (words.at(-1)?.column ?? 1) + (words.at(-1)?.text.length ?? 0),
      'A line has four words: source, destination, service, verdict.',
    )
  if (extra !== undefined)
    throw new LineError(extra.column, `After the verdict comes nothing more; a comment begins with #.`)
  if (!isService(service.text))
    throw new LineError(
      service.column,
      `“${service.text}” is no service. There are ${SERVICES.join(', ')}, tcp/PORT, udp/PORT and *.`,
    )
  const known = VERDICTS.find((word) => word === verdict.text)
  if (known === undefined)
    throw new LineError(verdict.column, `The verdict is allow, ask or deny, not “${verdict.text}”.`)
  return {
    kind: 'rule',
    source: checkEndpoint(source),
    destination: checkEndpoint(destination),
    service: service.text,
    verdict: known,
    comment,
  }
}

function parseLine(untrustedLine: string): PolicyEntry {
  const mark = untrustedLine.indexOf('#')
  const code = mark < 0 ? untrustedLine : untrustedLine.slice(0, mark)
  const comment = mark < 0 ? '' : untrustedLine.slice(mark + 1).trim()
  const control = /[^\P{C}\t]/u.exec(untrustedLine)
  if (control !== null) throw new LineError(control.index + 1, 'Here is a character that cannot be seen.')
  if (comment.length > COMMENT_LIMIT)
    throw new LineError(mark + 1, `A comment has at most ${COMMENT_LIMIT} characters.`)
  const words = wordsOf(code)
  if (words.length === 0) return mark < 0 ? { kind: 'blank' } : { kind: 'comment', text: comment }
  return words[0]?.text === 'zone' ? parseZone(words, comment) : parseRule(words, comment)
}

/** Every problem of the text, or the policy that it is. */
export function parsePolicy(untrustedText: string): Result<Policy, readonly PolicyProblem[]> {
  if (untrustedText.length > POLICY_MAX_CHARACTERS)
    return err([{ line: 1, column: 1, message: `A policy has at most ${POLICY_MAX_CHARACTERS} characters.` }])
  const lines = untrustedText.split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  if (lines.length > POLICY_MAX_LINES)
    return err([
      {
        line: POLICY_MAX_LINES + 1,
        column: 1,
        message: `A policy has at most ${POLICY_MAX_LINES} lines.`,
      },
    ])
  const problems: PolicyProblem[] = []
  const zones = new Map<string, number>()
  const entries: PolicyEntry[] = []
  for (const [index, line] of lines.entries()) {
    try {
      const entry = parseLine(line)
      if (entry.kind === 'zone') {
        const first = zones.get(entry.name)
        if (first !== undefined)
          throw new LineError(6, `The zone “${entry.name}” is declared in line ${first} already.`)
        zones.set(entry.name, index + 1)
      }
      entries.push(entry)
    } catch (error) {
      if (!(error instanceof LineError)) throw error
      problems.push({ line: index + 1, column: error.column, message: error.message })
    }
  }
  for (const [index, entry] of entries.entries()) {
    if (problems.length > 0 || entry.kind !== 'zone') continue
    const nested = entry.members.find((member) => zones.has(member))
    if (nested !== undefined)
      problems.push({
        line: index + 1,
        column: 1,
        message: `A zone holds domains and places; “${nested}” is a zone itself.`,
      })
  }
  return problems.length > 0 ? err(problems) : ok({ entries })
}

function withComment(code: string, comment: string): string {
  return comment === '' ? code.trimEnd() : `${code} # ${comment}`
}

/** The policy as text, in columns; `parsePolicy` reads it back as it was. */
export function formatPolicy({ entries }: Policy): string {
  const widest = (pick: (rule: PolicyRule) => string): number =>
    Math.max(8, ...entries.map((entry) => (entry.kind === 'rule' ? pick(entry).length : 0)))
  const source = widest((rule) => rule.source)
  const destination = widest((rule) => rule.destination)
  const service = widest((rule) => rule.service)
  const lineOf = (entry: PolicyEntry): string => {
    switch (entry.kind) {
      case 'blank':
        return ''
      case 'comment':
        return `# ${entry.text}`.trimEnd()
      case 'zone':
        return withComment(`zone ${entry.name} = ${entry.members.join(', ')}`, entry.comment)
      case 'rule': {
        const cells = [
          entry.source.padEnd(source),
          entry.destination.padEnd(destination),
          entry.service.padEnd(service),
          entry.verdict.padEnd(5),
        ]
        return withComment(cells.join('  '), entry.comment)
      }
      default:
        return assertNever(entry)
    }
  }
  return entries.map((entry) => `${lineOf(entry)}\n`).join('')
}

/** Names in rules and zones that are nothing that exists: most often a slip of the finger. Entry by entry, from 0. */
export function unknownNames(policy: Policy, known: ReadonlySet<string>): (readonly [number, string])[] {
  const zones = new Set(policy.entries.flatMap((entry) => (entry.kind === 'zone' ? [entry.name] : [])))
  const isKnown = (name: string): boolean =>
    name === '*' || isPlace(name) || zones.has(name) || known.has(name)
  return policy.entries.flatMap((entry, index) => {
    const names =
      entry.kind === 'rule' ? [entry.source, entry.destination] : entry.kind === 'zone' ? entry.members : []
    return names.filter((name) => !isKnown(name)).map((name) => [index, name] as const)
  })
}

/** What each appliance needs for its job, and nothing else. */
export const DEFAULT_POLICY = `# Who may do what. The first line that fits decides; what no line allows is denied.

zone linked = primary, web, messaging, own

# source   destination  service   verdict
linked     gateway      dhcp      allow
linked     gateway      dns       allow
linked     gateway      icmp      allow
linked     gateway      ntp       allow
linked     portal       http      allow
linked     portal       icmp      allow
web        internet     http      allow
web        internet     https     allow
primary    internet     *         allow
primary    messaging    tcp/6667  allow     # the primary's client on the IRC server
messaging  trunk        tcp/6667  allow     # once the trunk is joined
trunk      messaging    tcp/6667  ask

primary    vault        secret    ask
primary    vault        sign      ask
web        *            file      deny      # what it downloads stays in it
vault      *            file      deny
*          host         clip      allow     # an offer, which the person takes or leaves
host       *            clip      ask
host       *            file      allow     # what the person does by hand
*          host         file      allow
*          *            file      ask
*          *            *         deny
`

/** A decision, and how often it was the same. */
export type PolicyDecision = {
  /** Milliseconds since 1970, of the latest. */
  readonly at: number
  /** Of the text, from 1; beyond its end where no line fitted. */
  readonly line: number
  readonly source: string
  readonly destination: string
  readonly service: string
  readonly verdict: Verdict
  /** The person's answer, where the line said “ask” and they were asked. */
  readonly answered: 'once' | 'session' | 'deny' | 'block' | undefined
  readonly count: number
}

/** A question to the person. */
export type ConsentRequest = {
  readonly id: number
  readonly source: string
  readonly destination: string
  readonly service: string
  /** What it is about, one line. */
  readonly words: string
  readonly line: number
  /** Milliseconds since 1970. */
  readonly askedAt: number
  readonly expiresAt: number
}

/** once: this time. session: until the source ends or the policy changes. block: the same, denied. */
export type ConsentAnswer = 'once' | 'session' | 'deny' | 'block'

export const CONSENT_ANSWERS: readonly ConsentAnswer[] = ['once', 'session', 'deny', 'block']
