/** What a machine's state fits, and where a machine that does not boot gets its state from. */

import { assertNever } from '../base/assert.ts'
import type { DiskSource, MachineSpec } from './guest.ts'

/** A state restores into a machine that is the same in all of these. */
export type MachineFingerprint = {
  /** SHA-256 of the engine, hexadecimal. */
  readonly engine: string
  readonly memoryMiB: number
  /** Every device and disk that the state is about, as `describeDevices` says it. */
  readonly devices: string
}

/** Counts up when a state of an earlier build of the machine no longer fits this one. */
const STATE_GENERATION = 1

/** A writable disk is the same whatever keeps its bytes; a read-only one also by its content, where that is known. */
function describeDisk(source: DiskSource | undefined): string {
  if (source === undefined) return 'none'
  switch (source.kind) {
    case 'read-only':
      return `read-only ${source.unpackedBytes ?? source.blob.size} ${source.sha256 ?? 'unnamed'}`
    case 'persistent':
      return `writable ${source.base.kind === 'blank' ? source.base.bytes : source.base.blob.size}`
    case 'volatile':
      return `writable ${source.bytes}`
    default:
      return assertNever(source)
  }
}

/** The devices of a machine in words, as far as a state depends on them. */
export function describeDevices({ boot, vgaMemoryMiB, fda, hda, hdb, cdrom, mac }: MachineSpec): string {
  const network = mac === undefined ? 'none' : boot.kind === 'bios' ? 'ne2k' : 'virtio'
  return [
    `generation ${STATE_GENERATION}`,
    `firmware ${boot.kind === 'bios' ? 'bios' : 'none'}`,
    `vga ${vgaMemoryMiB} MiB`,
    ...(fda === undefined ? [] : [`fda ${describeDisk(fda)}`]),
    `hda ${describeDisk(hda)}`,
    `hdb ${describeDisk(hdb)}`,
    `cdrom ${describeDisk(cdrom)}`,
    `network ${network}`,
  ].join(', ')
}

/** @param engineSha256 of the engine that the machine runs on */
export function fingerprintOf(spec: MachineSpec, engineSha256: string): MachineFingerprint {
  return { engine: engineSha256, memoryMiB: spec.memoryMiB, devices: describeDevices(spec) }
}

/** In which of its parts the machine differs from what a snapshot fits; undefined when it fits. */
export function machineDifference(wanted: MachineFingerprint, found: MachineFingerprint): string | undefined {
  if (wanted.engine !== found.engine) return `engine ${found.engine}, not ${wanted.engine}`
  if (wanted.memoryMiB !== found.memoryMiB) return `${found.memoryMiB} MiB, not ${wanted.memoryMiB}`
  if (wanted.devices !== found.devices) return `devices ${found.devices}, not ${wanted.devices}`
  return undefined
}

function keptAs(source: DiskSource | undefined): string | undefined {
  return source?.kind === 'persistent' ? source.name : source?.kind
}

/** Whether a machine built for `one` can be used for `other`: alike in all but the address of its network card. */
export function isSameMachine(one: MachineSpec, other: MachineSpec): boolean {
  return (
    one.memoryMiB === other.memoryMiB &&
    describeDevices(one) === describeDevices(other) &&
    keptAs(one.hdb) === keptAs(other.hdb)
  )
}
