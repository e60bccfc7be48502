import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DEFAULT_POLICY,
  formatPolicy,
  parsePolicy,
  POLICY_MAX_LINES,
  SERVICES,
  unknownNames,
  VERDICTS,
  type Policy,
  type PolicyEntry,
} from '../../src/protocol/policy.ts'
import { policies } from './policy-arbitraries.ts'
import { assert } from '../../src/base/assert.ts'
import { CASES, fuzz } from '../support/fuzz.ts'

function parsed(text: string): Policy {
  const result = parsePolicy(text)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

function problems(text: string): string[] {
  const result = parsePolicy(text)
  return result.ok ? [] : result.error.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

describe('the text', () => {
  it('reads rules, zones and comments, each at its line', () => {
    const { entries } = parsed('# top\n\nzone work = primary, web\nwork gateway dns allow # names\n')
    expect(entries).toEqual([
      { kind: 'comment', text: 'top' },
      { kind: 'blank' },
      { kind: 'zone', name: 'work', members: ['primary', 'web'], comment: '' },
      {
        kind: 'rule',
        source: 'work',
        destination: 'gateway',
        service: 'dns',
        verdict: 'allow',
        comment: 'names',
      },
    ])
  })

  it('names every problem with its line and column', () => {
    expect(
      problems(
        [
          'web internet http permit',
          'web internet gopher allow',
          'Web internet http allow',
          'web internet',
          'a b tcp/0 deny',
          'a b udp/65536 deny',
          'a b dns allow now',
          'zone host = web',
          'zone x primary',
          'zone y = primary,, web',
          'zone z =',
        ].join('\n'),
      ).map((problem) => problem.split(' ')[0]),
    ).toEqual(['1:19', '2:14', '3:1', '4:13', '5:5', '6:5', '7:15', '8:6', '9:8', '10:10', '11:8'])
    expect(problems('zone a = web\nzone a = primary')[0]).toContain('line 1')
    expect(problems('zone a = web\nzone b = a')[0]).toContain('a zone itself')
    expect(problems('a b dns allow \u202E')[0]).toContain('cannot be seen')
  })

  it('has limits', () => {
    expect(problems('\n'.repeat(POLICY_MAX_LINES + 1))).toHaveLength(1)
    expect(problems('#'.repeat(100_000))).toHaveLength(1)
  })

  it('finds names that mean nothing', () => {
    const policy = parsed('zone work = primry\nwork portal http allow\nweb vlt secret ask\n')
    expect(unknownNames(policy, new Set(['primary', 'web', 'vault']))).toEqual([
      [0, 'primry'],
      [2, 'vlt'],
    ])
  })

  it('of the default is sound, and every name in it is known', () => {
    const appliances = ['primary', 'web', 'messaging', 'management', 'vault', 'own']
    expect(unknownNames(parsed(DEFAULT_POLICY), new Set(appliances))).toEqual([])
  })

  it('comes back from a policy as it went in', () => {
    fc.assert(
      fc.property(policies(), (policy) => {
        const text = formatPolicy(policy)
        expect(parsed(text)).toEqual(policy)
        expect(formatPolicy(parsed(text))).toBe(text)
      }),
      { numRuns: 5_000 },
    )
  })

  it('never throws, whatever it is given', () => {
    const words = ['zone', '=', ',', '#', '*', 'web', 'primary', 'tcp/', 'tcp/80', 'udp/99999', '\t']
    const known = [...words, ...SERVICES, ...VERDICTS]
    let sound = 0
    fuzz((next) => {
      const anything = (): string =>
        String.fromCodePoint(...Array.from({ length: next(6) }, () => next(0x110000)))
      const word = (): string => (next(4) === 0 ? anything() : (known[next(known.length)] ?? ''))
      const line = (): string => Array.from({ length: next(8) }, word).join(' ')
      const result = parsePolicy(Array.from({ length: next(7) }, line).join('\n'))
      if (result.ok) {
        sound += 1
        assert(result.value.entries.every(isSound), 'an entry that is none')
      } else {
        const isSaid = result.error.length > 0 && result.error.every(({ line }) => line >= 1)
        assert(isSaid, 'a refusal that names no line')
      }
    })
    expect(sound).toBeGreaterThan(CASES / 100)
  })
})

function isSound(entry: PolicyEntry): boolean {
  if (entry.kind !== 'rule') return true
  return VERDICTS.includes(entry.verdict) && /^(?:\*|[a-z][a-z0-9-]*)$/.test(entry.source)
}
