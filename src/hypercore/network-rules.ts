/** Who may talk to whom until a policy says so: what each appliance needs for its job, and nothing else. */

import type { NetworkAccess } from '../appliances/definitions.ts'
import type { Flow, Verdict } from '../fabric/environment.ts'

const GATEWAY_SERVICES: ReadonlySet<string> = new Set(['dhcp', 'dns', 'icmp', 'ntp'])

/** The server of the messaging appliance, which the primary's client uses. */
const IRC = 'tcp/6667'

export type NetworkRules = {
  decide(flow: Flow): Verdict
  mayTalk(from: string, to: string): boolean
}

/** `accessOf` tells what an existing domain's appliance may use. */
export function networkRules(accessOf: (id: string) => NetworkAccess): NetworkRules {
  const mayTalk = (from: string, to: string): boolean =>
    accessOf(from) === 'zone' && accessOf(to) === 'fabric'
  return {
    mayTalk,
    decide({ source, destination, service }) {
      const access = accessOf(source)
      if (access === 'none') return 'deny'
      if (destination === 'gateway') return GATEWAY_SERVICES.has(service) ? 'allow' : 'deny'
      if (destination === 'portal') return service === 'http' || service === 'icmp' ? 'allow' : 'deny'
      if (destination === 'internet') return access === 'fabric' ? 'deny' : 'allow'
      return service === IRC && mayTalk(source, destination) ? 'allow' : 'deny'
    },
  }
}
