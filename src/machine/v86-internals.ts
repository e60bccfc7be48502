/**
 * The one seam to v86's internals: their shapes as far as this machine uses them, and every cast.
 *
 * v86 0.5.462 documents a handful of calls; the rest (processor, ports, devices) is reached by property names, which
 * its minifier keeps. What is named here was read in its debug build, libv86-debug.mjs.
 */

/* oxlint-disable typescript/no-unsafe-type-assertion -- v86 declares next to none of this */

import { V86 } from 'v86'
import { assert } from '../base/assert.ts'
import { OutOfMemory } from '../base/out-of-memory.ts'

/** A slow proxy over WebAssembly memory that survives its growth; only index reads are used. */
export type View = { readonly [index: number]: number; readonly byteOffset: number; readonly length: number }

export type PortEntry = {
  read8: (this: unknown, port: number) => number
  read16: (this: unknown, port: number) => number
  read32: (this: unknown, port: number) => number
  write8: (this: unknown, value: number) => void
  write16: (this: unknown, value: number) => void
  write32: (this: unknown, value: number) => void
  /** The `this` of the handlers; undefined where no device listens. */
  device: object | undefined
}

export type IoSpace = {
  readonly ports: PortEntry[]
  register_read(port: number, device: object, read8: () => number): void
  register_write(port: number, device: object, write8: (value: number) => void): void
  create_empty_entry(): PortEntry
}

/** Configuration space as a list of 64 bytes; `pci_id` is device << 3 | function on bus 0. */
export type PciDevice = {
  readonly pci_id: number
  readonly pci_space: readonly number[]
  readonly pci_bars: readonly ({ readonly size: number } | undefined)[]
  readonly name: string
}

export type Pci = { register_device(device: PciDevice): void }

export type VirtQueue = { is_configured(): boolean; has_request(): boolean }
export type VirtioDevice = { readonly virtio: { readonly queues: readonly VirtQueue[] } }
/** `memory`: of the NE2000 alone; it begins with the PROM, each byte twice. */
export type NetworkCard = { mac: Uint8Array; readonly memory?: Uint8Array }

/** One ATA or ATAPI drive; register names as in ATA/ATAPI-6. */
export type Drive = {
  readonly in_progress_io_ids: Map<number, AbortController>
  readonly data16: Uint16Array
  readonly is_atapi: boolean
  readonly drive_connected: boolean
  status_reg: number
  error_reg: number
  current_command: number
  push_irq(): void
}

export type IdeChannel = {
  readonly master: Drive
  readonly slave: Drive
  readonly current_interface: Drive
  readonly command_base: number
  readonly irq: number
  dma_status: number
}

/** A rectangle of `image_data` to be shown at (screen_x, screen_y). */
export type Layer = {
  /** Its data aliases WebAssembly memory. */
  readonly image_data: { readonly data: Uint8ClampedArray; readonly width: number; readonly height: number }
  readonly screen_x: number
  readonly screen_y: number
  readonly buffer_x: number
  readonly buffer_y: number
  readonly buffer_width: number
  readonly buffer_height: number
}

export type Vga = {
  readonly graphical_mode: boolean
  readonly svga_enabled: boolean
  readonly diff_addr_min: number
  readonly diff_addr_max: number
  readonly layers: readonly Layer[]
  complete_redraw(): void
  screen_fill_buffer(): void
  update_vertical_retrace(): void
}

/** What v86 calls when the guest changes its screen. */
export type ScreenAdapter = {
  FLAG_BLINKING: number
  FLAG_FONT_PAGE_B: number
  put_char: (
    row: number,
    column: number,
    glyph: number,
    flags: number,
    background: number,
    ink: number,
  ) => void
  update_cursor: (row: number, column: number) => void
  update_cursor_scanline: (start: number, end: number, visible: boolean) => void
  set_mode: (graphical: boolean) => void
  set_font_bitmap: (
    height: number,
    nineWide: boolean,
    doubleWide: boolean,
    copyEighthColumn: boolean,
    fontPlane: Uint8Array,
    changed: boolean,
  ) => void
  set_font_page: (pageA: number, pageB: number) => void
  clear_screen: () => void
  set_size_text: (columns: number, rows: number) => void
  set_size_graphical: (width: number, height: number, bufferWidth: number, bufferHeight: number) => void
  update_buffer: (layers: readonly Layer[]) => void
}

export type Devices = {
  readonly pci: Pci
  readonly vga: Vga
  readonly ps2: Mouse
  readonly uart0: { readonly input: { readonly length: number } }
  readonly ide: { readonly primary: IdeChannel | undefined; readonly secondary: IdeChannel | undefined }
  readonly net?: NetworkCard
  readonly virtio_net?: NetworkCard & VirtioDevice
  readonly virtio_console?: VirtioDevice
}

/** The i8042, with the mouse's half told apart. */
export type Mouse = {
  /** The guest has a driver for it. */
  readonly use_mouse: boolean
  /** Bytes that the guest has not read. */
  readonly mouse_buffer: { readonly length: number }
  readonly kbd_buffer: { readonly length: number }
  /** Reports are wanted just now. */
  mouse_stream_active(): boolean
}

export type Cpu = {
  readonly io: IoSpace
  readonly devices: Devices
  readonly memory_size: View
  readonly wasm_memory: WebAssembly.Memory
  readonly mem8: View
  readonly instruction_counter: View
  readonly in_hlt: View
  readonly flags: View
  readonly cpl: View
  readonly reg32: View
  readonly sreg: View
  readonly cr: View
  readonly idtr_size: View
  readonly protected_mode: View
  /** Low and high word, as of the last `store_current_tsc`. */
  readonly current_tsc: View
  store_current_tsc(): void
  set_tsc(low: number, high: number): void
  get_real_eip(): number
  get_eflags(): number
  /** Index 0: 1 keeps code interpreted, 0 lets it be compiled. */
  set_jit_config(index: number, value: number): void
  device_raise_irq: (irq: number) => void
  device_lower_irq(irq: number): void
  reboot_internal: () => void
  /** Called by `save_state` and `restore_state` for the RAM. */
  pack_memory: () => PackedMemory
  unpack_memory: (bitmap: unknown, packed: Uint8Array) => void
}

type PackedMemory = {
  readonly packed_memory: Uint8Array
  readonly bitmap: { get_buffer(): ArrayBuffer }
}

/** v86's run loop: do_tick runs one slice and calls next_tick, which calls yield. */
export type Engine = {
  readonly cpu: Cpu
  yield: (milliseconds: number, tick: number) => void
  run(): void
  do_tick(): void
  next_tick(milliseconds: number): void
  unregister_yield(): void
}

export type StateKeeper = {
  readonly cpu: Cpu
  /** Between two slices. */
  save_state(): ArrayBuffer
  /** Before the first slice. Takes the buffer apart in place. */
  restore_state(state: ArrayBuffer): void
}

export type Bus = { send(name: string, value: unknown): void }

/** A disk as v86's controller uses it; it takes the object as a disk because of `get`, `set` and `load`. */
export type DiskBuffer = {
  readonly byteLength: number
  onload: (() => void) | undefined
  load(): void
  get(offset: number, length: number, done: (bytes: Uint8Array) => void): void
  set(offset: number, bytes: Uint8Array, done: () => void): void
  get_and_cache(offset: number, length: number, done: (bytes: Uint8Array) => void): void
  get_from_cache(offset: number, length: number): Uint8Array | undefined
  get_buffer(done: (buffer: ArrayBuffer | undefined) => void): void
  get_state(): unknown[]
  set_state(state: unknown[]): void
}

/** The functions that v86's WebAssembly module imports and through which a guest leaves its compiled code. */
export type EngineImports = {
  io_port_read8: (port: number) => number
  io_port_read16: (port: number) => number
  io_port_read32: (port: number) => number
  io_port_write8: (port: number, value: number) => void
  io_port_write16: (port: number, value: number) => void
  io_port_write32: (port: number, value: number) => void
  mmap_read8: (address: number) => number
  mmap_read32: (address: number) => number
  mmap_write8: (address: number, value: number) => void
  mmap_write16: (address: number, value: number) => void
  mmap_write32: (address: number, value: number) => void
  mmap_write64: (address: number, value0: number, value1: number) => void
  mmap_write128: (address: number, value0: number, value1: number, value2: number, value3: number) => void
  run_hardware_timers: (acpi: number, now: number) => number
  codegen_finalize: (index: number, start: number, flags: number, pointer: number, length: number) => void
  /** The engine's last words before it traps: a string in its memory. */
  console_log_from_wasm: (pointer: number, length: number) => void
}

/** Indices of `set_jit_config`. */
export const JIT_OFF = 0
/**
 * Pages of guest code that go into one WebAssembly function; v86 takes three. The browser compiles a hot function a second
 * time, with a compiler whose time grows faster than the function: for three pages it took 200 ms a function, on as many
 * threads as there are processors, and the guests stood in line behind it.
 */
export const JIT_PAGES = 1

type EngineExports = {
  readonly memory: WebAssembly.Memory
  /** Answer an address in `memory`, 0 where it could not grow. */
  readonly allocate_memory: (bytes: number) => number
  readonly svga_allocate_memory: (bytes: number) => number
  set_jit_config(index: number, value: number): void
}

export type EngineHooks = {
  /** Sees the imports before the module is linked to them. */
  readonly intercept: (imports: EngineImports) => void
  /** Before anything has been executed: whether code may be compiled from the start. */
  readonly compile: boolean
}

/** The options in use; v86.d.ts lacks the custom disks and the boolean virtio console. */
export type V86Settings = {
  readonly memory_size: number
  readonly vga_memory_size: number
  readonly bios?: { readonly buffer: ArrayBuffer }
  readonly vga_bios?: { readonly buffer: ArrayBuffer }
  readonly multiboot?: { readonly buffer: ArrayBuffer }
  readonly acpi?: boolean
  readonly boot_order?: number
  readonly fda?: DiskBuffer
  readonly hda?: DiskBuffer
  readonly hdb?: DiskBuffer
  readonly cdrom?: DiskBuffer
  readonly net_device: { readonly type: 'virtio' | 'ne2k' | 'none' }
  readonly virtio_console: boolean
}

export type Internals = {
  readonly engine: Engine & StateKeeper
  readonly cpu: Cpu
  readonly bus: Bus
  readonly screen: ScreenAdapter
  /** Events of the emulator's bus. */
  on(name: string, listener: (value: never) => void): void
  /** Why the engine trapped, in its own words; empty before it did. */
  lastWords(): string
}

/** The fields of v86's starter object that come into being with the machine. */
type Starter = {
  readonly v86: Engine & StateKeeper
  readonly bus: Bus
  readonly screen_adapter: ScreenAdapter
}

/** VGA code makes an ImageData for graphics modes; Node has none. */
function ensureImageData(): void {
  const scope = globalThis as { ImageData?: unknown }
  scope.ImageData ??= class {
    readonly data: Uint8ClampedArray
    readonly width: number
    readonly height: number
    constructor(data: Uint8ClampedArray, width: number, height: number) {
      this.data = data
      this.width = width
      this.height = height
    }
  }
}

/**
 * The guest's RAM and video memory, allocated before v86 asks: it takes whatever address it gets, and where memory could
 * not grow that is 0, at which the engine itself lives.
 *
 * @throws OutOfMemory
 */
function allocated(exports: EngineExports, settings: V86Settings): EngineExports {
  const take = (allocate: (bytes: number) => number, bytes: number): ((wanted: number) => number) => {
    const address = allocate(bytes)
    if (address === 0) throw new OutOfMemory(`${bytes / 2 ** 20} MiB`)
    return (wanted) => {
      assert(wanted === bytes, 'v86 asks for the memory that it was told of')
      return address
    }
  }
  return {
    ...exports,
    allocate_memory: take(exports.allocate_memory, settings.memory_size),
    svga_allocate_memory: take(exports.svga_allocate_memory, settings.vga_memory_size),
  }
}

/**
 * Builds a v86 and resolves in its `emulator-ready`: every device exists and nothing has executed.
 *
 * @throws OutOfMemory, and what the compiled module or v86 throws while it is set up
 */
export function createV86(
  settings: V86Settings,
  module: WebAssembly.Module,
  { intercept, compile }: EngineHooks,
): Promise<Internals> {
  ensureImageData()
  let lastWords = ''
  return new Promise((resolve, reject) => {
    const options = {
      ...settings,
      disable_speaker: true,
      disable_keyboard: true,
      disable_mouse: true,
      autostart: false,
      wasm_fn: async (imports: WebAssembly.Imports): Promise<WebAssembly.Exports> => {
        try {
          const engineImports = imports['env'] as unknown as EngineImports
          intercept(engineImports)
          engineImports.console_log_from_wasm = (pointer, length) => {
            lastWords = new TextDecoder().decode(new Uint8Array(exports.memory.buffer, pointer, length))
          }
          const instance = await WebAssembly.instantiate(module, imports)
          const exports = instance.exports as EngineExports
          exports.set_jit_config(JIT_PAGES, 1)
          if (!compile) exports.set_jit_config(JIT_OFF, 1)
          return allocated(exports, settings)
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
          // v86 would go on, or leave a rejection that nobody handles: it hears no more of this machine.
          return new Promise(() => undefined)
        }
      },
    }
    const v86 = new V86(options as unknown as ConstructorParameters<typeof V86>[0])
    v86.add_listener('emulator-ready', () => {
      const { v86: engine, bus, screen_adapter: screen } = v86 as unknown as Starter
      const on = v86.add_listener.bind(v86) as unknown as Internals['on']
      resolve({ engine, cpu: engine.cpu, bus, screen, on, lastWords: () => lastWords })
    })
  })
}

/** Element `index` of a view; v86's views have a fixed length, and every index used here lies inside. */
export function at(view: View, index: number): number {
  return view[index] ?? 0
}

/**
 * The three words of the processor that are looked at after every slice, a thousand times a second: read past v86's
 * proxies, which cost more than all the rest of a slice's bookkeeping.
 */
export class CpuWords {
  readonly #cpu: Cpu
  readonly #counter: number
  readonly #flags: number
  readonly #halted: number
  #words: Int32Array

  constructor(cpu: Cpu) {
    this.#cpu = cpu
    this.#counter = cpu.instruction_counter.byteOffset >> 2
    this.#flags = cpu.flags.byteOffset >> 2
    this.#halted = cpu.in_hlt.byteOffset
    this.#words = new Int32Array(cpu.wasm_memory.buffer)
  }

  /** Memory that has grown leaves views without elements. */
  #word(index: number): number {
    const word = this.#words[index]
    if (word !== undefined) return word
    this.#words = new Int32Array(this.#cpu.wasm_memory.buffer)
    return this.#words[index] ?? 0
  }

  /** Guest instructions modulo 2³². */
  get instructionCounter(): number {
    return this.#word(this.#counter) >>> 0
  }

  /** EFLAGS; IF is always up to date, only the arithmetic flags are lazy. */
  get flags(): number {
    return this.#word(this.#flags)
  }

  /** The processor waits in HLT: a byte, at any offset. */
  get halted(): boolean {
    return ((this.#word(this.#halted >> 2) >>> ((this.#halted & 3) * 8)) & 0xff) !== 0
  }
}
