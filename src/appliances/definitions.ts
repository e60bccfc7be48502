/** The appliances, as data: what each is for, what hardware it gets, and what it may ask of the supervisor. */

import type { Colour, CpuLimits, Keeping, ViewKind } from '../protocol/domain.ts'
import { DEFAULT_SCREEN, type ScreenSize } from '../protocol/screen.ts'

/** Rights beyond those that every guest has. */
export type Capability =
  /** Hypercalls that act on other domains. */
  'control'

/** Who a vNIC may talk to: nobody (no card), the gateway, other guests as well, or the world outside as well. */
export type NetworkAccess = 'none' | 'gateway' | 'fabric' | 'zone'

export type ApplianceDisk = {
  /** Where an earlier version of this product kept the original's disk, as a raw image. */
  readonly formerPath: string | undefined
  readonly sizeMiB: number
  /** What stands in where the image may not be used: a further guest, or a browser without storage. */
  readonly substitute: 'volatile' | 'none'
  /** Added to the kernel command line when a disk, of either kind, is attached. */
  readonly commandLine: string
}

export type ApplianceDefinition = {
  /** Also the id of the original domain, its role and its host name. */
  readonly name: string
  readonly title: string
  /** One line for people. */
  readonly description: string
  readonly colour: Colour
  readonly view: ViewKind
  /** With Ctrl+Alt. */
  readonly shortcut: number
  /** Where neither a person nor the volume's manifest entry says otherwise. */
  readonly memoryMiB: number
  readonly limits: CpuLimits
  /** Its volume is attached as a disk; without, all it needs is in the initramfs, and no ATA probing delays its start. */
  readonly attachVolume: boolean
  readonly disk: ApplianceDisk | undefined
  readonly network: NetworkAccess
  readonly capabilities: readonly Capability[]
  /** Its linear frame buffer as it starts, 32 bits a pixel; the page may choose another size. Undefined: text alone. */
  readonly framebuffer: ScreenSize | undefined
  /**
   * What of its running state may be kept. always: snapshots and hibernation. asked: the snapshots that a person takes; it
   * is disposable. never: its memory holds keys. not-yet: its drive cannot be part of a snapshot so far.
   */
  readonly keeping: Keeping
  /** What survives its end, one sentence. */
  readonly persistence: string
  /** What ending it abruptly loses, one sentence; undefined: nothing. */
  readonly lossOnKill: string | undefined
  /** The same where `disk` is not the persistent image. */
  readonly lossOnKillWithoutDisk: string | undefined
}

/** A whole core where nobody else wants it, and equal shares under contention. */
const EQUAL: CpuLimits = { capPercent: 100, weight: 100 }

/** What a person looks at answers sooner than a guest that computes beside it. */
const INTERACTIVE: CpuLimits = { capPercent: 100, weight: 200 }

export const APPLIANCES: readonly ApplianceDefinition[] = [
  {
    name: 'primary',
    title: 'Primary',
    description: 'A general Linux with developer tools on a disk of its own.',
    colour: 'teal',
    view: 'terminal',
    shortcut: 1,
    memoryMiB: 96,
    limits: INTERACTIVE,
    attachVolume: true,
    disk: {
      formerPath: 'disks/primary.img',
      sizeMiB: 256,
      substitute: 'none',
      commandLine: 'hs.disk=sdb',
    },
    network: 'zone',
    capabilities: [],
    framebuffer: undefined,
    keeping: 'always',
    persistence: 'Its whole system is on a disk in this browser and outlives the tab.',
    lossOnKill: 'What its programs have not yet written to its disk.',
    lossOnKillWithoutDisk: 'Everything changed in it since it was started.',
  },
  {
    name: 'web',
    title: 'Web',
    description: 'A graphical web browser that forgets everything when it ends.',
    colour: 'red',
    view: 'screen',
    shortcut: 2,
    memoryMiB: 64,
    limits: EQUAL,
    attachVolume: true,
    disk: undefined,
    network: 'gateway',
    capabilities: [],
    framebuffer: DEFAULT_SCREEN,
    keeping: 'asked',
    persistence: 'Nothing: each start is a new identity.',
    lossOnKill: 'The pages open in it.',
    lossOnKillWithoutDisk: 'The pages open in it.',
  },
  {
    name: 'messaging',
    title: 'Messaging',
    description: 'An IRC server and client.',
    colour: 'blue',
    view: 'terminal',
    shortcut: 3,
    memoryMiB: 48,
    limits: EQUAL,
    attachVolume: true,
    disk: { formerPath: undefined, sizeMiB: 16, substitute: 'none', commandLine: 'hs.disk=sdb' },
    network: 'fabric',
    capabilities: [],
    framebuffer: undefined,
    keeping: 'always',
    persistence: 'Its name, settings and conversations are on a disk in this browser.',
    lossOnKill: 'The last few seconds of its conversations.',
    lossOnKillWithoutDisk: 'The conversations in it.',
  },
  {
    name: 'management',
    title: 'Management',
    description: 'A shell from which hv controls the other domains; the only one that may.',
    colour: 'amber',
    view: 'terminal',
    shortcut: 4,
    memoryMiB: 32,
    limits: INTERACTIVE,
    attachVolume: false,
    disk: undefined,
    network: 'none',
    capabilities: ['control'],
    framebuffer: undefined,
    keeping: 'always',
    persistence: 'Nothing, and it needs nothing.',
    lossOnKill: undefined,
    lossOnKillWithoutDisk: undefined,
  },
  {
    name: 'vault',
    title: 'Vault',
    description: 'Secrets on an encrypted disk, in a guest without any network card.',
    colour: 'violet',
    view: 'terminal',
    shortcut: 5,
    memoryMiB: 64,
    limits: EQUAL,
    attachVolume: true,
    disk: { formerPath: 'disks/vault.img', sizeMiB: 32, substitute: 'volatile', commandLine: '' },
    network: 'none',
    capabilities: [],
    framebuffer: undefined,
    keeping: 'never',
    persistence:
      'Its encrypted disk is in this browser and outlives the tab; what it decrypts stays in its memory.',
    lossOnKill: 'Secrets entered and not yet written to its encrypted disk.',
    lossOnKillWithoutDisk: 'Every secret in it: its disk lives in memory only.',
  },
]

export function findAppliance(untrustedName: string): ApplianceDefinition | undefined {
  return APPLIANCES.find(({ name }) => name === untrustedName)
}

/** For an appliance that has no entry of its own in the manifest since all of it is in the initramfs. */
export const BASE_COMMAND_LINE = 'console=ttyS0 quiet'

/** The kernel command line of a guest: the manifest's words for the appliance, then who this guest is. */
export function commandLine(
  definition: ApplianceDefinition,
  manifestLine: string,
  guest: { readonly hostname: string; readonly hasDisk: boolean },
): string {
  const words = [manifestLine, `hs.role=${definition.name}`, `hs.hostname=${guest.hostname}`]
  if (guest.hasDisk && definition.disk !== undefined) words.push(definition.disk.commandLine)
  return words.filter((word) => word !== '').join(' ')
}
