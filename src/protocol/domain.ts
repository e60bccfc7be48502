/** What a domain is to everyone outside it: identity, state, limits, counters and the report of a crash. */

import type { DiskInfo } from './disk.ts'
import type { OwnImage } from './own-image.ts'

declare const domainIdBrand: unique symbol
/** Names one domain for its whole life, restarts included: lower-case letters, digits and hyphens, 1–32 characters. */
export type DomainId = string & { readonly [domainIdBrand]: true }

const DOMAIN_ID = /^[a-z][a-z0-9-]{0,31}$/

/** The id in `untrustedText`, or undefined where it does not have an id's form. */
export function parseDomainId(untrustedText: string): DomainId | undefined {
  return isDomainId(untrustedText) ? untrustedText : undefined
}

function isDomainId(untrustedText: string): untrustedText is DomainId {
  return DOMAIN_ID.test(untrustedText)
}

/**
 * ```
 * created ─► starting ─► running ⇄ paused
 *                │          │        │
 *                │          ├────────┴─► shutting-down ─► off ─► starting
 *                └──────────┴──► crashed ─► starting
 * ```
 * `kill` leads from every live state to off.
 */
export type DomainState = 'created' | 'starting' | 'running' | 'paused' | 'shutting-down' | 'off' | 'crashed'

/** How the present life of a domain began. */
export type DomainOrigin =
  /** `why` there was no golden snapshot to resume from, in words for a person; undefined where none was looked for. */
  | { readonly kind: 'boot'; readonly why: string | undefined }
  /** From the state that the build took of its appliance. */
  | { readonly kind: 'golden' }
  /** From a snapshot, from where it was left, or from the domain that it is a clone of. */
  | { readonly kind: 'snapshot' }

/** Short of a crash: what the supervisor sees of a running guest from outside. */
export type DomainHealth =
  | { readonly kind: 'ok' }
  /** It executes with interrupts off and has done so for `forMs` of wall time: nothing inside it can answer. */
  | { readonly kind: 'spinning'; readonly forMs: number }
  /** Its worker has said nothing for `forMs` of the supervisor's own running time: a busy computer, or one that hangs. */
  | { readonly kind: 'silent'; readonly forMs: number }

export type Colour = 'green' | 'blue' | 'amber' | 'violet' | 'red' | 'teal' | 'grey'

export type ViewKind = 'terminal' | 'screen'

export type Keeping = 'always' | 'asked' | 'never' | 'not-yet'

export type DomainInfo = {
  readonly id: DomainId
  /** For people: “Web”, “Web 2”. */
  readonly name: string
  /** The appliance it was made from. */
  readonly appliance: string
  readonly state: DomainState
  readonly health: DomainHealth
  readonly colour: Colour
  /** 1…9 with Ctrl+Alt; undefined beyond the ninth. */
  readonly shortcut: number | undefined
  /** What the stage shows of it first: its console (ttyS0) or its display. */
  readonly view: ViewKind
  readonly memoryBytes: number
  readonly focused: boolean
  /** The one that F4 leads to, and that the policy calls `primary`. */
  readonly primary: boolean
  /** The guest's agent said that userland is up. */
  readonly ready: boolean
  /** Milliseconds from the start call to the agent's word, once ready: of a boot or of a resume alike. */
  readonly readyAfterMs: number | undefined
  /** Undefined while it has no life. */
  readonly origin: DomainOrigin | undefined
  readonly limits: CpuLimits
  /** What of its running state may be kept; what each means is in appliances/definitions.ts. */
  readonly keeping: Keeping
  /** What ending it abruptly would lose, in words; undefined where nothing would be lost. */
  readonly lossOnKill: string | undefined
  /** Set in state crashed. */
  readonly crash: CrashReport | undefined
  /** What it writes to; undefined: nothing that could be kept. */
  readonly disk: DiskInfo | undefined
  /** Its disk failed since its last start: what happened and what to do, one sentence. */
  readonly diskTrouble: string | undefined
}

/** Scheduler parameters. */
export type CpuLimits = {
  /** Percent of one core, 1–100. */
  readonly capPercent: number
  /** Share under contention, relative to the others', 1–1000. */
  readonly weight: number
}

export type DomainConfig = {
  /** Name of an appliance definition. */
  readonly appliance: string
  /** For people; derived from the appliance where absent. */
  readonly name?: string
  readonly memoryMiB?: number
  readonly limits?: Partial<CpuLimits>
  /** With the appliance `own`: what it starts. */
  readonly image?: OwnImage
}

/** Why a guest left its compiled code: the imported functions of the WebAssembly module are the exit boundary. */
export type ExitReason = 'pio-in' | 'pio-out' | 'mmio-read' | 'mmio-write' | 'timer' | 'hlt' | 'jit-compile'

export type ExitCount = {
  readonly reason: ExitReason
  /** The device that handled it: “pit”, “uart0”, “vga”, …; “-” where none has a part. */
  readonly device: string
  readonly count: number
}

/** One exit, for the trace. */
export type VmExit = {
  readonly reason: ExitReason
  readonly device: string
  /** Port or guest physical address. */
  readonly address: number
  /** Bits: 8, 16, 32, 128. */
  readonly width: number
  readonly value: number
  readonly instruction: number
}

/** Totals since the domain's start unless said otherwise; taken four times a second. */
export type DomainStats = {
  /** Milliseconds on the supervisor's clock. */
  readonly at: number
  readonly instructions: number
  /** Million guest instructions a second over the last interval. */
  readonly mips: number
  /** Percent of one core spent in the guest over the last interval. */
  readonly cpuPercent: number
  readonly exits: readonly ExitCount[]
  readonly interrupts: number
  readonly jitModules: number
  /** Milliseconds the token bucket held the vCPU back. */
  readonly throttledMs: number
  /** The percentage of a core that the scheduler grants now. */
  readonly grantedPercent: number
  readonly network: {
    readonly rxFrames: number
    readonly rxBytes: number
    readonly txFrames: number
    readonly txBytes: number
    readonly dropped: number
  }
  readonly disk: {
    readonly reads: number
    readonly readBytes: number
    readonly writes: number
    readonly writeBytes: number
  }
  readonly console: { readonly outBytes: number; readonly inBytes: number }
  readonly framesSent: number
}

export type CrashCause =
  /** The engine itself faulted (a triple fault ends so in v86). */
  | { readonly kind: 'engine-fault'; readonly detail: string }
  /** The guest kernel reported a panic through the pvpanic device. */
  | { readonly kind: 'panic' }
  /** HLT with interrupts off that nobody asked for: no event can wake it. */
  | { readonly kind: 'halted' }
  /** The worker stopped answering. */
  | { readonly kind: 'heartbeat-lost'; readonly silentMs: number }
  /** The worker died. */
  | { readonly kind: 'worker-died'; readonly detail: string }
  /** The browser gave it no memory, and it never came up. */
  | { readonly kind: 'out-of-memory'; readonly detail: string }
  /** It never came up. */
  | { readonly kind: 'boot-failed'; readonly detail: string }

export type Registers = {
  readonly eax: number
  readonly ecx: number
  readonly edx: number
  readonly ebx: number
  readonly esp: number
  readonly ebp: number
  readonly esi: number
  readonly edi: number
  readonly eip: number
  readonly eflags: number
  readonly cs: number
  readonly ss: number
  readonly ds: number
  readonly es: number
  readonly fs: number
  readonly gs: number
  readonly cr0: number
  readonly cr2: number
  readonly cr3: number
  readonly cr4: number
  readonly cpl: number
  readonly halted: boolean
}

export type CrashReport = {
  readonly cause: CrashCause
  /** Milliseconds since 1970. */
  readonly at: number
  /** Undefined where the worker could no longer be asked. */
  readonly registers: Registers | undefined
  /** The last console output, as text with escape sequences removed; untrusted text of the guest's. */
  readonly consoleTail: string
  readonly instructions: number
}
