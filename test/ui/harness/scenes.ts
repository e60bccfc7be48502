/** Every screen of the console by name, as tests and screenshots ask for it: `?scene=crash`. */

import type { HandOff } from '../../../src/protocol/hand-off.ts'
import type { CrashReport } from '../../../src/protocol/domain.ts'
import type { FirmwareView, Screen } from '../../../src/ui/app-props.ts'
import { domainId, SEEDS, type FakeMachine } from './fake-machine.ts'

const HASH = '9f2b6c1de07a45318c4fd2b90e6a7715c3e8840b1f5d92a6770e4b3c8d1f6a25'
const OTHER = '9f2b6c1de07a45318c4fd2b90e6a7715c3e8840b1f5d92a6770e4b3c8d1f6a26'

/** The smallest module there is: magic and version. */
const EMPTY_MODULE = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))

export function handOffFor(scene: string): HandOff {
  const appliances = Object.fromEntries(
    SEEDS.map(({ appliance, memoryMiB }) => [
      appliance,
      { start: true, memoryMiB, capPercent: 100, weight: appliance === 'primary' ? 200 : 100 },
    ]),
  )
  const volume = (
    name: string,
    role: HandOff['volumes'][number]['role'],
    size: number,
    appliance?: string,
  ) => ({
    name,
    role,
    appliance,
    kind: 'squashfs',
    size,
    contentSize: size * 2,
    sha256: HASH,
    content: new Blob([]),
    encoding: 'gzip' as const,
    ramMiB: undefined,
    kernelCommandLine: undefined,
  })
  return {
    version: 1,
    bootPath: 'hyperspace',
    settings: {
      bootOrder: ['hyperspace', 'primary'],
      bootDelayMs: 1000,
      quietBoot: false,
      firstScreen: 'primary',
      relayUrl: '',
      appliances,
    },
    memoryBudgetMiB: 512,
    engine: { module: EMPTY_MODULE, size: 2_103_412, sha256: HASH, simd: true, compileMs: 84.2 },
    platform: {
      processors: 8,
      deviceMemoryGiB: 8,
      storage:
        scene === 'nothing-kept'
          ? {
              kind: 'memory',
              why: 'navigator.storage.getDirectory is refused (SecurityError).',
              remedy: 'Nothing.',
            }
          : { kind: 'opfs', quotaBytes: 10e9, usedBytes: 41e6 },
    },
    volumes: [
      volume('kernel', 'kernel', 1_661_204),
      volume('initramfs', 'initramfs', 634_880),
      volume('primary', 'appliance', 3_120_044, 'primary'),
      volume('messaging', 'appliance', 1_404_112, 'messaging'),
    ],
    goldens: [],
    refusedGoldens: [],
    refused:
      scene === 'refused'
        ? [
            {
              name: 'web.squashfs',
              role: 'appliance',
              appliance: 'web',
              reason: { kind: 'mismatch', expectedSha256: HASH, actualSha256: OTHER },
            },
          ]
        : [],
    scripts: {
      hypercore: { url: './hypercore.js', size: 41_210, sha256: HASH },
      domain: { url: './domain.js', size: 512_300, sha256: HASH },
      store: { url: './store.js', size: 512_300, sha256: HASH },
    },
    post: [
      {
        id: 'engine',
        label: 'WebAssembly engine',
        result: 'ok',
        detail: 'v86.wasm 2.1 MB compiled',
        durationMs: 84.2,
      },
      { id: 'storage', label: 'Storage', result: 'ok', detail: 'OPFS, quota 10 GB', durationMs: 6.1 },
      { id: 'kernel', label: 'Volume kernel', result: 'ok', detail: 'SHA-256 matches', durationMs: 31.7 },
    ],
    startedAt: 31,
    endedAt: 914,
  }
}

export const CRASH: CrashReport = {
  cause: { kind: 'panic' },
  at: Date.UTC(2026, 10, 22, 18, 45, 12),
  instructions: 48_213_774,
  registers: {
    eax: 0,
    ebx: 0xc17a4e20,
    ecx: 0x63,
    edx: 0x3f8,
    esi: 0x63,
    edi: 0x7,
    ebp: 0xc1a09ec4,
    esp: 0xc1a09eb0,
    eip: 0xc1032b8e,
    eflags: 0x246,
    cs: 0x60,
    ds: 0x7b,
    es: 0x7b,
    fs: 0xd8,
    gs: 0,
    ss: 0x68,
    cr0: 0x80050033,
    cr2: 0xb7f3d000,
    cr3: 0x2a4f000,
    cr4: 0x90,
    cpl: 0,
    halted: true,
  },
  consoleTail: [
    '/ # echo c > /proc/sysrq-trigger',
    '[   12.402113] sysrq: Trigger a crash',
    '[   12.402981] Kernel panic - not syncing: sysrq triggered crash',
    '[   12.404110] CPU: 0 PID: 71 Comm: sh Not tainted 6.1.192 #1',
    '[   12.405002] Call Trace:',
    '[   12.405610]  panic+0xa1/0x24e',
    '[   12.406117]  sysrq_handle_crash+0x12/0x14',
    '[   12.407002]  __handle_sysrq+0x8c/0x13a',
    '[   12.407811] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---',
  ].join('\n'),
}

export function populate(machine: FakeMachine, scene: string): void {
  if (scene === 'empty') return
  for (const seed of SEEDS) {
    if (scene === 'refused' && seed.appliance === 'web') continue
    if (scene === 'many' || seed.appliance !== 'vault') machine.add(seed)
    else machine.add(seed, seed.name, 'off')
  }
  if (scene === 'many') for (const seed of SEEDS.slice(0, 4)) machine.add(seed, `${seed.name} 2`)
  const primary = domainId('primary')
  machine.print(
    primary,
    '\x1b[1mHyperSpace primary\x1b[0m, Linux 6.1 on ttyS0\n\n/ # uname -a\nLinux primary 6.1.192 #1 i686 GNU/Linux\n/ # ls --color /\n\x1b[1;34mbin\x1b[0m   \x1b[1;34mdev\x1b[0m   \x1b[1;34metc\x1b[0m   \x1b[1;34mhome\x1b[0m  \x1b[1;36minit\x1b[0m  \x1b[1;34mproc\x1b[0m  \x1b[1;34mroot\x1b[0m  \x1b[1;34mrun\x1b[0m   \x1b[1;34msys\x1b[0m   \x1b[1;34mtmp\x1b[0m   \x1b[1;34musr\x1b[0m\n/ # ',
  )
  machine.print(
    domainId('messaging'),
    '18:45 -!- Irssi: Join to #hyperspace was synced in 0 secs\n[#hyperspace] ',
  )
  machine.print(
    domainId('management'),
    '/ # hv list\nNAME        STATE     CPU   MEMORY\nprimary     running   3 %   96 MB\n/ # ',
  )
  machine.log('info', 'HyperCore took over with a budget of 512 MB.')
  machine.log('info', 'started in 612 ms', primary)
  machine.log('warning', 'console held back: 256 kB are unread', domainId('messaging'))
  const figures: Record<string, number> = { primary: 3, web: 41, messaging: 2, management: 0 }
  machine.sample((id) => figures[id] ?? 12)
  machine.sample((id) => figures[id] ?? 12)

  if (scene === 'snapshots') {
    const fresh = machine.snapshotOf(primary, { name: 'Fresh from the flash', note: '', parent: undefined })
    const tools = machine.snapshotOf(primary, {
      name: 'Tools built',
      note: 'tcc and the labs compiled; before the fork bomb.',
      parent: fresh.id,
    })
    const bomb = machine.snapshotOf(primary, { name: 'After the fork bomb', note: '', parent: tools.id })
    machine.snapshotOf(primary, { name: 'And cleaned up', note: '', parent: bomb.id })
    const other = machine.snapshotOf(primary, { name: 'Another way', note: '', parent: tools.id })
    machine.snapshotOf(primary, { name: '', note: '', parent: undefined, state: 'damaged' })
    machine.snapshotOf(domainId('primary-7'), { name: 'Of a clone', note: '', parent: undefined })
    machine.describeSnapshots({ current: [[primary, other.id]], hibernating: [primary] })
  }
  if (scene === 'crash') machine.crash(primary, CRASH)
  if (scene === 'crash-elsewhere') machine.crash(domainId('web'), CRASH)
  if (scene === 'spinning') machine.change(primary, { health: { kind: 'spinning', forMs: 7000 } })
  if (scene === 'silent') machine.change(primary, { health: { kind: 'silent', forMs: 12_000 } })
  if (scene === 'paused') machine.change(primary, { state: 'paused' })
  if (scene === 'off') machine.change(primary, { state: 'off', ready: false })
  if (scene === 'booting') machine.change(primary, { ready: false })
}

const POST = [
  '\x1b[2J\x1b[H\x1b[0;37m\x1b[97mHyperSpace Firmware 0.1\x1b[0m\r\n',
  'Inspired by Phoenix SecureCore and HyperCore (2007); not affiliated\r\n\r\n',
  'WebAssembly    v86.wasm 2.1 MB, SIMD, compiled            84.2 ms   \x1b[92mOK\x1b[0m\r\n',
  'Processors     8, memory 8 GB as the browser reports       0.1 ms   \x1b[92mOK\x1b[0m\r\n',
  'Storage        OPFS, quota 10 GB, 41 MB used               6.1 ms   \x1b[92mOK\x1b[0m\r\n',
  'Volume kernel  1.7 MB  9f2b6c1d                           31.7 ms   \x1b[92mOK\x1b[0m\r\n',
  'Volume web     4.1 MB  9f2b6c1d                           44.0 ms   \x1b[91mMISMATCH\x1b[0m\r\n',
  '\x1b[10;1H\x1b[37;44m┌──────────────┬───────────────┐\x1b[11;1H│ Boot order   │ [HyperSpace ] │\x1b[12;1H└──────────────┴───────────────┘\x1b[0m',
  '\x1b[25;1H\x1b[30;47m F2 Setup   F12 Boot menu   Esc Details\x1b[K\x1b[0m',
].join('')

/** A firmware's screen that stands still and remembers its keys. */
export class FakeFirmware implements FirmwareView {
  readonly keys: string[] = []
  readonly #listeners = new Set<(output: string) => void>()
  subscribe(listener: (output: string) => void): () => void {
    listener(POST)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  emit(output: string): void {
    for (const listener of this.#listeners) listener(output)
  }
  key(name: string): void {
    this.keys.push(name)
  }
  takesText(): boolean {
    return false
  }
  spoken(): string {
    return 'Volume web: 4.1 MB, MISMATCH.'
  }
  text(): string {
    return 'HyperSpace Firmware 0.1\nWebAssembly    v86.wasm 2.1 MB   OK\nVolume web     MISMATCH\n F2 Setup   F12 Boot menu'
  }
}

export function screenFor(
  scene: string,
  firmware: FirmwareView,
  choices: { readonly takeOver: () => void; readonly startSecond: () => void },
): Screen {
  switch (scene) {
    case 'boot':
      return { kind: 'firmware', view: firmware }
    case 'no-webassembly':
    case 'no-worker':
      return { kind: 'unsupported', why: { kind: scene } }
    case 'too-little-memory':
      return { kind: 'unsupported', why: { kind: scene, haveMiB: 128, needMiB: 256 } }
    case 'failed':
      return {
        kind: 'unsupported',
        why: { kind: 'failed', detail: 'HyperCore’s script could not be loaded: HTTP 404.' },
      }
    case 'elsewhere':
      return { kind: 'elsewhere', ...choices }
    case 'taken-over':
      return { kind: 'taken-over' }
    default:
      return { kind: 'shell' }
  }
}
