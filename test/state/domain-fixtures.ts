/** Domains, samples and a hand-off for tests of the page's side. */

import type { DomainId, DomainInfo, DomainStats } from '../../src/protocol/domain.ts'
import { parseDomainId } from '../../src/protocol/domain.ts'
import type { HandOff } from '../../src/protocol/hand-off.ts'

export function id(text: string): DomainId {
  const parsed = parseDomainId(text)
  if (parsed === undefined) throw new Error(`${text} is no id`)
  return parsed
}

export function domain(name: string, fields: Partial<DomainInfo> = {}): DomainInfo {
  return {
    id: id(name),
    name: name.charAt(0).toUpperCase() + name.slice(1),
    appliance: name,
    state: 'running',
    health: { kind: 'ok' },
    colour: 'teal',
    shortcut: undefined,
    view: 'terminal',
    memoryBytes: 64 * 2 ** 20,
    focused: false,
    primary: name === 'primary',
    ready: true,
    readyAfterMs: 400,
    origin: { kind: 'boot', why: undefined },
    limits: { capPercent: 100, weight: 100 },
    keeping: 'always',
    lossOnKill: undefined,
    crash: undefined,
    disk: undefined,
    diskTrouble: undefined,
    ...fields,
  }
}

export function stats(at: number, fields: Partial<DomainStats> = {}): DomainStats {
  return {
    at,
    instructions: at * 1000,
    mips: 100,
    cpuPercent: 50,
    exits: [],
    interrupts: 0,
    jitModules: 0,
    throttledMs: 0,
    grantedPercent: 100,
    network: { rxFrames: 0, rxBytes: 0, txFrames: 0, txBytes: 0, dropped: 0 },
    disk: { reads: 0, readBytes: 0, writes: 0, writeBytes: 0 },
    console: { outBytes: 0, inBytes: 0 },
    framesSent: 0,
    ...fields,
  }
}

export function handOff(firstScreen = 'primary'): HandOff {
  return {
    version: 1,
    bootPath: 'hyperspace',
    settings: {
      bootOrder: ['hyperspace'],
      bootDelayMs: 0,
      quietBoot: true,
      firstScreen,
      relayUrl: '',
      appliances: {},
    },
    memoryBudgetMiB: 512,
    // The smallest module: magic and version.
    engine: {
      module: new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
      size: 8,
      sha256: '',
      simd: true,
      compileMs: 1,
    },
    platform: {
      processors: 2,
      deviceMemoryGiB: 8,
      storage: { kind: 'memory', why: 'a test', remedy: 'Nothing.' },
    },
    volumes: [],
    goldens: [],
    refusedGoldens: [],
    refused: [],
    scripts: {
      hypercore: { url: 'hypercore.js', size: 1, sha256: '' },
      domain: { url: 'domain.js', size: 1, sha256: '' },
      store: { url: 'store.js', size: 1, sha256: '' },
    },
    post: [],
    startedAt: 0,
    endedAt: 1,
  }
}
