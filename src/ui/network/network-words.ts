/** The switch's figures in words. */

import { assertNever } from '../../base/assert.ts'
import type { PortFigures, RelayFigures, Station } from '../../protocol/network.ts'

/** What the drop reasons of the fabric mean to a person. */
const REASONS: Readonly<Record<string, string>> = {
  malformed: 'malformed',
  rate: 'too fast',
  'forged-mac': 'another’s MAC',
  'forged-ip': 'another’s IP address',
  'forged-arp': 'forged ARP',
  vlan: 'VLAN tag',
  protocol: 'unknown protocol',
  fragment: 'fragment',
  broadcast: 'broadcast',
  'unknown-destination': 'nobody there',
  policy: 'denied by the policy',
  full: 'queue full',
}

/** “12 denied by the policy, 3 another’s MAC”; the most frequent first. */
export function droppedWords(dropped: PortFigures['dropped']): string {
  if (dropped.length === 0) return 'none'
  return dropped
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, frames]) => `${frames.toLocaleString('en')} ${REASONS[reason] ?? reason}`)
    .join(', ')
}

export function heardWords(silentSeconds: number | undefined): string {
  if (silentSeconds === undefined) return 'never'
  if (silentSeconds < 2) return 'now'
  return silentSeconds < 120 ? `${silentSeconds} s ago` : `${Math.floor(silentSeconds / 60)} min ago`
}

export function kindWords(kind: Station['kind'], name: string): string {
  if (kind === 'static') return 'static, given out'
  return kind === 'learned' ? `learned: ${name}` : 'claimed, refused'
}

/** What a relay's state is, and what a person can do. */
export function relayWords({ state, streams }: RelayFigures): {
  readonly title: string
  readonly advice: string
} {
  switch (state) {
    case 'unused':
      return { title: 'Not used yet', advice: 'It is connected to when a guest first needs it.' }
    case 'connecting':
      return { title: 'Connecting', advice: 'It has not said yet that it is a relay.' }
    case 'connected':
      return {
        title: 'Connected',
        advice:
          streams === 0
            ? 'No guest uses it now.'
            : `It carries ${streams} ${streams === 1 ? 'connection' : 'connections'} of guests.`,
      }
    case 'unreachable':
      return {
        title: 'Refused or not there',
        advice: `Start it (npm run relay), and give it this page’s address where that is not on this computer: npm run relay -- ${location.origin}. The next connection of a guest tries again.`,
      }
    case 'lost':
      return {
        title: 'Lost',
        advice:
          'It was connected and went away; its connections have ended. Start it again: the next connection of a guest finds it.',
      }
    default:
      return assertNever(state)
  }
}
