/** Policies for property tests: names that collide often, so that zones, appliances and domains overlap. */

import * as fc from 'fast-check'
import { PLACES, SERVICES, VERDICTS, type Policy, type PolicyEntry } from '../../src/protocol/policy.ts'

const DOMAINS = ['primary', 'web', 'web-2', 'vault', 'messaging']
const ZONES = ['red', 'blue']

const service = fc.oneof(
  fc.constantFrom(...SERVICES, '*'),
  fc
    .tuple(fc.constantFrom('tcp', 'udp'), fc.integer({ min: 1, max: 4 }))
    .map(([kind, port]) => `${kind}/${port}`),
)

const comment = fc.constantFrom('', 'why', 'two words')

const rule: fc.Arbitrary<PolicyEntry> = fc.record({
  kind: fc.constant('rule' as const),
  source: fc.constantFrom('*', ...DOMAINS, ...ZONES, 'trunk', 'host'),
  destination: fc.constantFrom('*', ...DOMAINS, ...ZONES, ...PLACES),
  service,
  verdict: fc.constantFrom(...VERDICTS),
  comment,
})

const other: fc.Arbitrary<PolicyEntry> = fc.oneof(
  fc.constant({ kind: 'blank' as const }),
  fc.record({ kind: fc.constant('comment' as const), text: fc.constantFrom('', 'a note') }),
)

const zone = (name: string): fc.Arbitrary<PolicyEntry> =>
  fc.record({
    kind: fc.constant('zone' as const),
    name: fc.constant(name),
    members: fc.uniqueArray(fc.constantFrom(...DOMAINS, 'portal', 'trunk'), { minLength: 1, maxLength: 3 }),
    comment,
  })

export function policies(): fc.Arbitrary<Policy> {
  return fc
    .tuple(
      fc.array(fc.oneof({ weight: 5, arbitrary: rule }, { weight: 1, arbitrary: other }), { maxLength: 12 }),
      fc.tuple(...ZONES.map(zone)),
    )
    .map(([lines, zones]) => ({ entries: [...zones, ...lines] }))
}

export const flows = fc.record({
  source: fc.constantFrom(...DOMAINS, 'trunk', 'host'),
  destination: fc.constantFrom(...DOMAINS, ...PLACES),
  service: service.filter((name) => name !== '*'),
})
