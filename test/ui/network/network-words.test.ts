import { describe, expect, it, vi } from 'vitest'
import { DROP_REASONS } from '../../../src/fabric/environment.ts'
import type { RelayState } from '../../../src/protocol/network.ts'
import { droppedWords, heardWords, kindWords, relayWords } from '../../../src/ui/network/network-words.ts'

describe('the switch in words', () => {
  it('says why frames were not carried, the most frequent first, in words for every reason', () => {
    expect(droppedWords([])).toBe('none')
    expect(
      droppedWords([
        ['forged-mac', 3],
        ['policy', 1200],
      ]),
    ).toBe('1,200 denied by the policy, 3 another’s MAC')
    const bare = DROP_REASONS.filter((reason) => droppedWords([[reason, 1]]).includes('-'))
    expect(bare).toEqual([])
  })

  it('says when a station was heard, and how it is known', () => {
    expect([undefined, 0, 5, 119, 120, 299].map(heardWords)).toEqual([
      'never',
      'now',
      '5 s ago',
      '119 s ago',
      '2 min ago',
      '4 min ago',
    ])
    expect(kindWords('learned', 'web.m7')).toBe('learned: web.m7')
  })

  it('says of each state of a relay what to do', () => {
    vi.stubGlobal('location', { origin: 'https://your.host' })
    const words = (state: RelayState, streams = 0): string => {
      const { title, advice } = relayWords({ url: 'wss://relay.example/', state, streams })
      return `${title}. ${advice}`
    }
    expect(words('connected', 1)).toBe('Connected. It carries 1 connection of guests.')
    expect(words('connected')).toContain('No guest uses it now')
    expect(words('unreachable')).toContain('npm run relay -- https://your.host')
    expect(words('lost')).toContain('Start it again')
    vi.unstubAllGlobals()
  })
})
