import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BROKERED, PolicyTable, type Ruling } from '../../../src/hypercore/policy/table.ts'
import { parsePolicy, type Flow, type Policy } from '../../../src/protocol/policy.ts'
import { assert } from '../../../src/base/assert.ts'
import { CASES } from '../../support/fuzz.ts'
import { flows, policies } from '../../protocol/policy-arbitraries.ts'

const applianceOf = (id: string): string | undefined =>
  ['trunk', 'host', 'gateway', 'portal', 'internet'].includes(id) ? undefined : id.replace(/-\d+$/, '')

function table(text: string): PolicyTable {
  const parsed = parsePolicy(text)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return new PolicyTable(parsed.value, applianceOf)
}

/** The same by the letter of the description, without any haste. */
function model({ entries }: Policy, flow: Flow): Ruling {
  const means = (name: string, party: string): boolean => {
    if (name === '*') return party !== 'trunk'
    if (name === party || name === applianceOf(party)) return true
    return entries.some(
      (entry) =>
        entry.kind === 'zone' &&
        entry.name === name &&
        entry.members.some((member) => member === party || member === applianceOf(party)),
    )
  }
  for (const [index, entry] of entries.entries()) {
    if (entry.kind !== 'rule') continue
    if (!means(entry.source, flow.source) || !means(entry.destination, flow.destination)) continue
    if (entry.service === '*' || entry.service === flow.service)
      return { verdict: entry.verdict, line: index + 1 }
  }
  return { verdict: 'deny', line: entries.length + 1 }
}

describe('the table', () => {
  it('lets the first line that fits decide, and denies what none allows', () => {
    const policy = table('web portal http deny\n* portal http allow\n')
    const http = (source: string, destination = 'portal') =>
      policy.decide({ source, destination, service: 'http' })
    expect(http('web')).toMatchObject({ verdict: 'deny', line: 1 })
    expect(http('primary')).toMatchObject({ verdict: 'allow', line: 2 })
    expect(http('primary', 'internet')).toEqual({ verdict: 'deny', line: 3 })
  })

  it('means every domain of an appliance by its name, and one by its id', () => {
    const policy = table('web-2 portal http deny\nweb portal http allow\n')
    const verdict = (source: string) =>
      policy.decide({ source, destination: 'portal', service: 'http' }).verdict
    expect([verdict('web'), verdict('web-2'), verdict('web-3')]).toEqual(['allow', 'deny', 'allow'])
  })

  it('never means the trunk by a star', () => {
    const policy = table('* * * allow\n')
    const verdict = (source: string, destination: string) =>
      policy.decide({ source, destination, service: 'http' }).verdict
    expect(verdict('trunk', 'web')).toBe('deny')
    expect(verdict('web', 'trunk')).toBe('deny')
    expect(policy.mayTalk('trunk', 'web')).toBe(false)
    // A question about a file says nothing about frames.
    expect(table('primary web file ask\n').mayTalk('primary', 'web')).toBe(false)
    expect(table('trunk web http ask\n').mayTalk('trunk', 'web')).toBe(true)
  })

  it('lets nobody talk for a line that decides nothing: an address was told for one below its own denial', () => {
    const policy = table('web vault icmp deny\nweb vault icmp allow\nweb own icmp deny\n* own * allow\n')
    expect(policy.mayTalk('web', 'vault')).toBe(false)
    expect(policy.mayTalk('web', 'own')).toBe(true)
    expect(table('web own * deny\nweb own icmp allow\n').mayTalk('web', 'own')).toBe(false)
  })

  it('decides as its description says, for any policy and any flow, and again the same', () => {
    fc.assert(
      fc.property(policies(), fc.array(flows, { minLength: 4, maxLength: 8 }), (policy, asked) => {
        const rulings = new PolicyTable(policy, applianceOf)
        for (const flow of [...asked, ...asked]) {
          const [ruling, expected] = [rulings.decide(flow), model(policy, flow)]
          const isSame = ruling.verdict === expected.verdict && ruling.line === expected.line
          assert(isSame, `${JSON.stringify(flow)} is ruled ${JSON.stringify(ruling)}`)
          // Nobody may talk by frames who is not seen to be allowed to.
          const isDenied = BROKERED.has(flow.service) || expected.verdict === 'deny'
          assert(isDenied || rulings.mayTalk(flow.source, flow.destination), 'what is allowed may not talk')
        }
      }),
      { numRuns: Math.ceil(CASES / 4) },
    )
  })
})
