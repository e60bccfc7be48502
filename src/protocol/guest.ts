/** HyperCore ↔ domain worker: every message of a domain's control port. */

import type { CrashReport, ExitCount } from './domain.ts'
import type { BootOrder } from './own-image.ts'
import type { StateFault } from './state-fault.ts'

/** What a disk holds where nothing was written over it. */
export type DiskBase =
  | { readonly kind: 'blank'; readonly bytes: number }
  /** A person's file; it is never written. `fingerprint` names its content: changes to another file are refused. */
  | { readonly kind: 'file'; readonly blob: Blob; readonly fingerprint: string }

/** A disk that outlives its domain: a base, and the blocks that differ from it in a file of this origin's. */
export type PersistentDisk = {
  readonly kind: 'persistent'
  /** Of the file of changed blocks: lower-case letters, digits and hyphens. */
  readonly name: string
  readonly base: DiskBase
  /** Where an earlier version of this product kept the disk as a raw image: taken over once, then removed. */
  readonly formerPath?: string
}

/** Where a virtual disk's bytes are. */
export type DiskSource =
  /** A verified volume or a person's file, never written. */
  | {
      readonly kind: 'read-only'
      readonly blob: Blob
      /** Of its content or of the file that it is packed in: what a machine's state knows it by. */
      readonly sha256?: string
      /** `blob` is packed with gzip, and so many bytes come out. */
      readonly unpackedBytes?: number
    }
  | PersistentDisk
  /** Lost with the domain: zeros or, where something is beneath, the changes to it. */
  | { readonly kind: 'volatile'; readonly bytes: number; readonly over?: Blob }

export type BootSource =
  /** A multiboot image with kernel, initramfs and command line in it; no BIOS. */
  | { readonly kind: 'multiboot'; readonly image: ArrayBuffer }
  /** As a PC does. */
  | {
      readonly kind: 'bios'
      readonly bios: ArrayBuffer
      readonly vgaBios: ArrayBuffer
      readonly acpi?: boolean
      /** Undefined: the CD-ROM, then the hard disk, then the floppy. */
      readonly order?: BootOrder
    }
  /** It never boots: it resumes from a state of a machine without BIOS. */
  | { readonly kind: 'none' }

/** Where a golden snapshot was taken: at the first screen, or before the guest had looked at its second disk. */
export type GoldenStage = 'ready' | 'checkpoint'

/** Where a machine that does not boot has its state from. */
export type ResumeSource =
  /** A state file (machine/state-file.ts), as the firmware verified it. */
  | {
      readonly kind: 'golden'
      readonly file: Blob
      /** Of the file, hexadecimal. */
      readonly sha256: string
      readonly stage: GoldenStage
      /** It brings a disk's content along, and fits a blank disk alone. */
      readonly blankDisk: boolean
    }
  /**
   * One `LoadReply` (store.ts) over `from`. The writable disks become what they were in it (from-state); or it is refused
   * unless they still are (unchanged), so that nothing is lost that the guest has written since.
   */
  | { readonly kind: 'state'; readonly from: MessagePort; readonly disks: 'from-state' | 'unchanged' }

/** The hardware of one machine. */
export type MachineSpec = {
  readonly memoryMiB: number
  readonly vgaMemoryMiB: number
  readonly boot: BootSource
  /** The floppy drive: an image of a size that its controller knows. */
  readonly fda?: DiskSource | undefined
  /** ATA primary master, primary slave, and the CD-ROM. */
  readonly hda: DiskSource | undefined
  readonly hdb: DiskSource | undefined
  readonly cdrom: DiskSource | undefined
  /** “02:48:53:…”; undefined: no network card at all. */
  readonly mac: string | undefined
  /** Its model; undefined: virtio. */
  readonly card?: 'virtio' | 'ne2000'
  /** Keep v86's JIT off until the agent reports userland and the guest works (boot code runs once). */
  readonly deferJit: boolean
}

export type DomainBootstrap = {
  readonly kind: 'bootstrap'
  readonly spec: MachineSpec
  readonly engine: WebAssembly.Module
  readonly display: MessagePort
  readonly console: MessagePort
  readonly network: MessagePort | undefined
  /** Undefined: it boots. */
  readonly resume?: ResumeSource
}

/** HyperCore → domain. */
export type DomainRequest =
  /**
   * Before the bootstrap, where there is time: builds the machine that it will ask for, its disks open and its state in it.
   * Answered by `prepared`. Nothing executes. Where the bootstrap asks for another machine, that one is built.
   */
  | {
      readonly kind: 'prepare'
      readonly source: Extract<ResumeSource, { kind: 'golden' }>
      readonly spec: MachineSpec
      readonly engine: WebAssembly.Module
    }
  /**
   * To a machine that is prepared: it runs, connected to nothing, what these whole frames ask its agent for, and stands still
   * again, which `rehearsed` says. A bootstrap takes it as it is by then.
   */
  | { readonly kind: 'rehearse'; readonly frames: readonly Uint8Array[] }
  | DomainBootstrap
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  /** Each in percent of one core, 1–100: what it may execute, and what the browser may use to compile its code. */
  | { readonly kind: 'set-rate'; readonly percent: number; readonly compilePercent: number }
  /** A whole frame for the guest's agent. */
  | { readonly kind: 'agent-send'; readonly frame: Uint8Array }
  /** The next halt is wanted. */
  | { readonly kind: 'expect-halt' }
  | { readonly kind: 'ping'; readonly nonce: number }
  /** Answered by one `console-tail` with the same nonce. */
  | { readonly kind: 'read-console-tail'; readonly nonce: number }
  /** Sends its state over `to`: pages that differ from the last one stored (`SaveMessage`), or all (a `LoadReply`). */
  | {
      readonly kind: 'capture'
      readonly captureId: number
      readonly purpose: 'store' | 'clone'
      readonly to: MessagePort
    }
  /** Whoever was to store its state is gone. */
  | { readonly kind: 'abandon-capture' }
  /** Its worker is about to be ended: answered by `let-go` once nothing executes and its disks are closed. */
  | { readonly kind: 'let-go' }

/** Domain → HyperCore. */
export type DomainEvent =
  /** The machine is built, or cannot be: the bootstrap finds out. */
  | { readonly kind: 'prepared' }
  /** The machine that is ahead has come to rest after what it was asked for. */
  | { readonly kind: 'rehearsed' }
  /** The machine exists and executes. */
  | { readonly kind: 'running' }
  /** The state that it was to resume from is not for this machine. The worker has let go of everything. */
  | { readonly kind: 'not-resumed'; readonly fault: StateFault }
  | { readonly kind: 'paused' }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'pong'; readonly nonce: number }
  /** The end of its serial console, as text without control characters but tab and newline; 16 KiB of bytes at most. */
  | { readonly kind: 'console-tail'; readonly nonce: number; readonly untrustedText: string }
  /** Four times a second while it runs. */
  | { readonly kind: 'counters'; readonly counters: DomainCounters }
  /** A frame of the guest's agent: type and payload, nothing of it checked but its length (≤ 65,536). */
  | { readonly kind: 'agent-frame'; readonly type: number; readonly untrustedPayload: Uint8Array }
  /** A disk failed or runs full: a sentence for a person. The guest gets its I/O error. */
  | { readonly kind: 'disk-trouble'; readonly message: string }
  /** Interrupts have been off without a halt for so long; 0: over. */
  | { readonly kind: 'spinning'; readonly forMs: number }
  | { readonly kind: 'powered-off' }
  /** The guest asked for a reset (keyboard controller, port 0xcf9, triple fault). */
  | { readonly kind: 'reset-requested' }
  | { readonly kind: 'crashed'; readonly report: CrashReport }
  /** The state is taken, and the guest runs on; `pauseMs` it stood still. */
  | {
      readonly kind: 'captured'
      readonly captureId: number
      readonly pauseMs: number
      readonly changedPages: number
    }
  | { readonly kind: 'capture-refused'; readonly captureId: number; readonly message: string }
  /** Another worker can open the disks at once; the browser itself frees those of an ended worker seconds later. */
  | { readonly kind: 'let-go' }

/** Totals since the machine's start. */
export type DomainCounters = {
  readonly instructions: number
  /** Milliseconds spent inside the guest. */
  readonly busyMs: number
  readonly throttledMs: number
  readonly exits: readonly ExitCount[]
  readonly interrupts: number
  readonly jitModules: number
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
