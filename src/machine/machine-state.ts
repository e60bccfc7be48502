/**
 * The state of a machine between two slices: its devices as one piece of bytes, its RAM apart from them.
 *
 * v86 saves both in one buffer; here its RAM is left out, so that whoever keeps states can compare and share pages.
 * Not in a state: what waited for the guest outside of it (typed input, frames on the wire, whole agent frames), and
 * what is on its disks.
 *
 * ```
 * device state, little endian
 * magic "HSMS" │ u16 version │ u16 zero │ string devices (protocol/machine-state.ts) │ u32 memory MiB
 * u32 length, rest of an agent frame whose beginning the guest has
 * u32 length, v86's own state: i32 magic, i32 version, i32 length, i32 JSON length, JSON, buffers from the next 4 bytes on
 * ```
 */

import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { clearPages } from '../base/pages.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { MachineSpec } from '../protocol/guest.ts'
import { describeDevices } from '../protocol/machine-state.ts'
import type { StateFault } from '../protocol/state-fault.ts'
import { guestMemory } from './inspection.ts'
import type { StateKeeper } from './v86-internals.ts'

const MAGIC = 0x534d5348
const VERSION = 1

/** Of v86 0.5.462, in little endian. */
const V86_MAGIC = 0x8676_8676
const V86_VERSION = 6
const V86_HEADER_BYTES = 16
/** Places in v86's state list. */
const V86_MEMORY_SIZE = 0
const V86_VGA = 52

/** Far above what our devices have (3 to 5 MiB), far below what would exhaust a worker. */
const LARGEST_BYTES = 256 * 1024 * 1024
const LARGEST_AGENT_REST = 128 * 1024

const MIB = 1024 * 1024

/** What v86 has written to when nothing has executed lies below; to look at the rest would touch all of the memory. */
const CONVENTIONAL_BYTES = MIB

export type MachineState = {
  readonly device: Uint8Array<ArrayBuffer>
  readonly ram: Uint8Array
}

/** A state as it is taken. */
export type CapturedState = {
  /** Also when the machine runs on. */
  readonly device: () => Uint8Array<ArrayBuffer>
  /** The RAM itself, not a copy: valid until the machine runs on. */
  readonly ram: Uint8Array
}

/** Where a machine resumes from. */
export type MachineResume = {
  readonly device: Uint8Array
  /** Writes the RAM, all of it zeros, before anything executes. A fault, or a rejection, is the resume's. */
  readonly fill: (ram: Uint8Array) => void | Promise<Result<void, StateFault>>
  /** The agent's frame that says that userland is up; undefined: it was in the state already. */
  readonly upWith?: number
}

/** What a checked device state holds. */
export type DeviceState = { readonly agentRest: Uint8Array; readonly engineState: ArrayBuffer }

/** All but the RAM, as v86 keeps it. The machine stands still and its disks have answered. */
export function saveDevices(engine: StateKeeper): ArrayBuffer {
  const { cpu } = engine
  const pack = cpu.pack_memory
  cpu.pack_memory = () => ({
    packed_memory: new Uint8Array(0),
    bitmap: { get_buffer: () => new ArrayBuffer(0) },
  })
  try {
    return engine.save_state()
  } finally {
    cpu.pack_memory = pack
  }
}

/** Of what `saveDevices` gave: this takes fresh memory for megabytes, and so comes after the pause. */
export function encodeDeviceState(
  spec: MachineSpec,
  saved: ArrayBuffer,
  agentRest: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const header = new ByteWriter()
    .u32(MAGIC)
    .u16(VERSION)
    .u16(0)
    .string(describeDevices(spec))
    .u32(spec.memoryMiB)
    .u32(agentRest.length)
    .bytes(agentRest)
    .u32(saved.byteLength)
    .finish()
  const device = new Uint8Array(header.length + saved.byteLength)
  device.set(header)
  device.set(new Uint8Array(saved), header.length)
  return device
}

function fault(kind: StateFault['kind'], message: string): Result<never, StateFault> {
  return err({ kind, message })
}

/** Checks bytes that may come from anywhere against the machine that is to resume from them. */
export function decodeDeviceState(
  untrustedBytes: Uint8Array,
  spec: MachineSpec,
): Result<DeviceState, StateFault> {
  const reader = new ByteReader(untrustedBytes)
  if (untrustedBytes.length > LARGEST_BYTES)
    return fault('foreign', `${untrustedBytes.length} bytes are no state of a machine's devices.`)
  if (reader.u32('magic') !== MAGIC) return fault('foreign', 'These bytes are no state of a machine.')
  const version = reader.u16('version')
  if (version !== VERSION)
    return fault('mismatch', `The state has version ${version}; this machine reads version ${VERSION}.`)
  reader.u16('zero')
  const devices = reader.string('devices')
  const memoryMiB = reader.u32('memory')
  const restLength = reader.u32('agent rest length')
  if (restLength > LARGEST_AGENT_REST) reader.fail(`an agent frame of ${restLength} bytes`)
  const agentRest = reader.bytes(Math.min(restLength, LARGEST_AGENT_REST), 'agent rest')
  const state = reader.view(reader.u32('state length'), 'state')
  const end = reader.finish()
  if (!end.ok) return fault('damaged', `The state is damaged: ${end.error}.`)
  if (memoryMiB !== spec.memoryMiB)
    return fault('mismatch', `The state is of ${memoryMiB} MiB, the machine has ${spec.memoryMiB} MiB.`)
  const wanted = describeDevices(spec)
  if (devices !== wanted)
    return fault('mismatch', `The state is of a machine with ${devices}; this one has ${wanted}.`)
  const sound = checkEngineState(state, spec)
  if (sound !== undefined) return fault('damaged', `The state is damaged: ${sound}.`)
  return ok({ agentRest, engineState: new Uint8Array(state).buffer })
}

/** v86 believes what it reads: what would have it read or write elsewhere is found here. Answers what is wrong. */
function checkEngineState(state: Uint8Array, { memoryMiB, vgaMemoryMiB }: MachineSpec): string | undefined {
  const reader = new ByteReader(state)
  const magic = reader.u32('magic')
  const version = reader.u32('version')
  const length = reader.u32('length')
  const json = reader.bytes(reader.u32('JSON length'), 'JSON')
  const end = reader.finish(true)
  if (!end.ok) return end.error
  if (magic !== V86_MAGIC || version !== V86_VERSION) return 'the engine knows no such state'
  if (length !== state.length) return `${length} bytes announced, ${state.length} there`
  const start = (V86_HEADER_BYTES + json.length + 3) & -4
  let info: unknown
  try {
    info = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch {
    return 'its index is no JSON'
  }
  const { state: fields, buffer_infos: buffers } = record(info)
  if (!Array.isArray(fields) || !Array.isArray(buffers)) return 'its index lacks a part'
  for (const buffer of buffers) {
    const { offset, length: bytes } = record(buffer)
    if (!isCount(offset) || !isCount(bytes) || start + offset + bytes > state.length)
      return 'a buffer lies outside'
  }
  if (fields[V86_MEMORY_SIZE] !== memoryMiB * MIB) return 'its memory size differs'
  const vga: unknown = fields[V86_VGA]
  if (!Array.isArray(vga) || vga[0] !== vgaMemoryMiB * MIB) return 'its video memory size differs'
  return undefined
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field is looked at before use
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/**
 * Puts the devices into the state; the RAM is zeros afterwards. Nothing has executed in the machine.
 *
 * @throws what v86 makes of a state that it cannot take
 */
export function restoreDevices(engine: StateKeeper, { engineState }: DeviceState): void {
  const { cpu } = engine
  const unpack = cpu.unpack_memory
  // The devices are restored by then, which may have made the memory grow.
  cpu.unpack_memory = () => clearPages(guestMemory(cpu).subarray(0, CONVENTIONAL_BYTES))
  try {
    engine.restore_state(engineState)
  } finally {
    cpu.unpack_memory = unpack
  }
}
