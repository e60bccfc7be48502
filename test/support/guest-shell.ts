/** The base system up to its prompt, for tests that need a real Linux. */

import type { MachineSpec } from '../../src/protocol/guest.ts'
import { GuestFrame } from '../../src/protocol/agent.ts'
import { hostDomain, type DomainHost, type InThreadOptions } from './domain-host.ts'
import { machineSpec, shellBoot } from './guest-images.ts'

/** Waits for the agent's word and for the prompt. */
export async function shellReady(guest: DomainHost): Promise<DomainHost> {
  await guest.event('agent-frame', ({ type }) => type === GuestFrame.ready)
  await guest.output(/# $/)
  return guest
}

export async function bootShell(
  changes: Partial<MachineSpec> = {},
  options: InThreadOptions = {},
): Promise<DomainHost> {
  return shellReady(await hostDomain(machineSpec(shellBoot(), { deferJit: true, ...changes }), options))
}
