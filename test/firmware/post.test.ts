import { describe, expect, test } from 'vitest'
import { encodeNvram } from '../../src/firmware/nvram.ts'
import { defaultSettings } from '../../src/firmware/settings.ts'
import type { HandOff } from '../../src/protocol/hand-off.ts'
import {
  ALL_FEATURES,
  FakePlatform,
  flipBit,
  gate,
  allGoldensOf,
  goldensOf,
  someBytes,
  makeFlash,
  manifestOf,
  sha256,
  withField,
} from './fake-platform.ts'
import { machineOf, rowWith, type Machine } from './machine.ts'

async function handedOff(machine: Machine): Promise<HandOff> {
  const outcome = await machine.outcome
  if (outcome.kind !== 'hand-off') throw new Error(`halted: ${outcome.message}`)
  return outcome.handOff
}

async function halted(machine: Machine): Promise<{ message: string; action: string; text: string }> {
  const outcome = await machine.outcome
  if (outcome.kind !== 'halted') throw new Error('handed off')
  const text = machine.firmware.text().replace(/\s+/g, ' ')
  expect(text).toContain('System halted')
  // What is answered is also what the person reads.
  expect(text).toContain(outcome.message)
  expect(text).toContain(outcome.action)
  return { message: outcome.message, action: outcome.action, text }
}

/** Keeps the machine at the end of its self-test, so that its screen can be read. */
function waiting(platform: FakePlatform): void {
  platform.holdDelays = true
}

/** The screen at the end of the self-test, scrolled to the first line. */
async function firstLines(machine: Machine): Promise<string> {
  await machine.until(/Self-test ended/)
  machine.keys('Home')
  return machine.firmware.text()
}

describe('a sound machine', () => {
  test('hands over every volume verified, as it lies in flash, with the hashes that were computed', async () => {
    const flash = makeFlash()
    const handOff = await handedOff(machineOf(flash))
    expect(handOff.version).toBe(1)
    expect(handOff.bootPath).toBe('hyperspace')
    expect(handOff.refused).toEqual([])
    expect(handOff.volumes.map(({ name }) => name).sort()).toEqual(
      flash.volumes.map(({ name }) => name).sort(),
    )
    for (const volume of handOff.volumes) {
      const entry = flash.volumes.find(({ name }) => name === volume.name)
      const file = flash.files.get(String(entry?.['file']))
      expect(volume.sha256).toBe(sha256(file ?? new Uint8Array()))
      expect(volume.size).toBe(file?.length)
      expect(volume.content.size).toBe(file?.length)
      expect(volume).toMatchObject({ contentSize: entry?.['contentSize'], encoding: entry?.['encoding'] })
    }
    const kernel = handOff.volumes.find(({ role }) => role === 'kernel')
    expect(kernel?.contentSize).toBe(53_002)
    const web = handOff.volumes.find(({ appliance }) => appliance === 'web')
    expect(web).toMatchObject({
      ramMiB: 128,
      kernelCommandLine: 'console=ttyS0 hs.role=web',
      role: 'appliance',
    })
    expect(kernel).toMatchObject({ appliance: undefined, ramMiB: undefined, kernelCommandLine: undefined })
  })

  test('hands over the engine, the scripts, the platform and a record of every step', async () => {
    const machine = machineOf()
    const handOff = await handedOff(machine)
    expect(handOff.engine.module).toBeInstanceOf(WebAssembly.Module)
    expect(handOff.engine).toMatchObject({
      size: 8,
      simd: true,
      sha256: sha256(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)),
    })
    expect(handOff.scripts.hypercore).toMatchObject({
      url: 'https://example.test/assets/hypercore-a1b2c3.js',
      size: 84_120,
    })
    expect(handOff.scripts.domain.size).toBe(120_033)
    expect(handOff.platform).toEqual({
      processors: 8,
      deviceMemoryGiB: 8,
      storage: { kind: 'opfs', quotaBytes: 12 * 1024 ** 3, usedBytes: 3_000_000 },
    })
    expect(handOff.memoryBudgetMiB).toBe(2_048)
    const ids = handOff.post.map(({ id }) => id)
    expect(ids).toHaveLength(25)
    expect(new Set(ids).size).toBe(25)
    expect(ids).toEqual(
      expect.arrayContaining(['features', 'engine', 'compile', 'nvram', 'volume:kernel', 'keyboard']),
    )
    for (const entry of handOff.post) {
      expect(entry.result).toBe('ok')
      expect(entry.durationMs).toBeGreaterThan(0)
      expect(Object.keys(entry).sort()).toEqual(['detail', 'durationMs', 'id', 'label', 'result'])
    }
    expect(handOff.endedAt).toBeGreaterThan(handOff.startedAt)
    expect(structuredClone(handOff.post)).toEqual(handOff.post)
  })

  test('gives each appliance the weight it comes with, until the person chooses another', async () => {
    const flash = makeFlash()
    const powerOn = (nvram?: Uint8Array): Machine =>
      machineOf(
        flash,
        (platform) => {
          platform.nvram = nvram
        },
        undefined,
        manifestOf(flash),
        allGoldensOf(flash),
        { primary: 200 },
      )
    const { settings } = await handedOff(powerOn())
    const weights = ({ appliances }: typeof settings): unknown =>
      Object.fromEntries(Object.entries(appliances).map(([name, { weight }]) => [name, weight]))
    const others = { web: 100, messaging: 100, management: 100, vault: 100 }
    expect(weights(settings)).toEqual({ primary: 200, ...others })
    const { primary, ...rest } = settings.appliances
    if (primary === undefined) throw new Error('there is no primary')
    const chosen = encodeNvram({ ...settings, appliances: { ...rest, primary: { ...primary, weight: 100 } } })
    const kept = await handedOff(powerOn(chosen))
    expect(weights(kept.settings)).toEqual({ primary: 100, ...others })
    expect(kept.post.map(({ id }) => id)).not.toContain('settings')
  })

  test('shows a line for each step with its result, size, hash and time', async () => {
    const machine = machineOf(makeFlash(), waiting)
    const text = await machine.until(/Self-test ended/)
    expect(text).toContain('Inspired by Phoenix SecureCore and HyperCore (2007); not affiliated.')
    const flash = makeFlash()
    for (const { name, size, sha256: hash } of flash.volumes) {
      const row = rowWith(text, `Flash ${name} `)
      expect(row).toContain(`${Number(size).toLocaleString('en')} bytes`)
      expect(row).toContain(`sha256 ${String(hash).slice(0, 16)}`)
      expect(row).toMatch(/ OK +[\d.,]+ ms$/)
    }
    expect(rowWith(text, 'Golden web')).toMatch(/12,345 bytes .* OK/)
    // A few lines more than the screen has rows: the first are a key away.
    machine.keys('Home')
    const top = machine.firmware.text()
    expect(rowWith(top, 'Browser features')).toContain('WebAssembly, SIMD, bulk memory, workers')
    expect(rowWith(top, 'Processors, memory')).toContain('8 logical, 8 GiB; guests 2,048 MiB')
    expect(rowWith(top, 'Storage')).toContain('OPFS opened, quota 12.0 GiB, 2.9 MiB used')
    expect(rowWith(top, 'NVRAM')).toContain('empty: defaults loaded')
    expect(rowWith(text, 'Engine, compiled')).toContain('v86.wasm')
    expect(rowWith(text, 'HyperCore  ')).toMatch(/84,120 bytes .* MEASURED/)
    expect(rowWith(text, 'Keyboard')).toMatch(/listening +READY/)
    expect(text).toContain('25 of 25')
    machine.keys('Enter')
    await machine.outcome
  })

  test('shows a line only when its work has ended, and names what is being read', async () => {
    const volumes = gate()
    const machine = machineOf(makeFlash(), (platform) => {
      waiting(platform)
      platform.volumeGate = volumes.opened
    })
    const before = await machine.until(/Engine, compiled/)
    expect(before).not.toContain('Flash kernel')
    expect(before).toMatch(/Reading .*kernel/)
    volumes.open()
    const after = await machine.until(/Self-test ended/)
    expect(after).toContain('Flash kernel')
    machine.keys('Enter')
    await machine.outcome
  })

  test('fetches a file once that two volumes share', async () => {
    const flash = makeFlash()
    const web = flash.volumes.find(({ name }) => name === 'web')
    const shared = ['file', 'size', 'sha256', 'contentSize'].reduce(
      (sofar, field) => withField(sofar, 'management', field, web?.[field]),
      flash,
    )
    const machine = machineOf(shared)
    const handOff = await handedOff(machine)
    expect(handOff.volumes.map(({ name }) => name)).toContain('management')
    expect(machine.platform.fetched.filter((file) => file === 'flash/web.bin')).toHaveLength(1)
  })

  test('boots without the BIOS pair, which only foreign disks need', async () => {
    const { files, volumes } = makeFlash()
    const without = volumes.filter(({ role }) => role !== 'bios' && role !== 'vga-bios')
    const handOff = await handedOff(machineOf({ files, volumes: without }))
    expect(handOff.volumes).toHaveLength(8)
  })
})

describe('a damaged flash', () => {
  test('refuses an appliance by name with both hashes, and boots the rest', async () => {
    const flash = makeFlash()
    flipBit(flash, 'web')
    const entry = flash.volumes.find(({ name }) => name === 'web')
    const computed = sha256(flash.files.get('flash/web.bin') ?? new Uint8Array())
    const machine = machineOf(flash, waiting)
    const text = await machine.until(/Self-test ended/)
    expect(rowWith(text, 'Flash web')).toMatch(/9,001 bytes +MISMATCH/)
    expect(text).toContain(`manifest ${String(entry?.['sha256'])}`)
    expect(text).toContain(`computed ${computed}`)
    expect(text).toContain('Web does not start. Reload to read it again')

    machine.keys('Enter')
    const handOff = await handedOff(machine)
    expect(handOff.refused).toEqual([
      {
        name: 'web',
        role: 'appliance',
        appliance: 'web',
        reason: { kind: 'mismatch', expectedSha256: entry?.['sha256'], actualSha256: computed },
      },
    ])
    expect(handOff.volumes.map(({ name }) => name)).not.toContain('web')
    expect(handOff.volumes).toHaveLength(9)
    const last = machine.firmware.text()
    expect(last).toContain('Refused: web')
    expect(last).toContain(`computed ${computed}`)
    expect(last.split('\n').some((row) => row.startsWith('Web'))).toBe(false)
    expect(handOff.post.find(({ id }) => id === 'volume:web')).toMatchObject({
      result: 'failed',
      detail: expect.stringContaining(computed),
    })
  })

  test.each(['stub', 'kernel', 'base'])(
    'halts without the %s, since nothing starts without it',
    async (name) => {
      const flash = makeFlash()
      flipBit(flash, name, 20)
      const { message, action, text } = await halted(machineOf(flash))
      expect(message).toBe(`Refused: ${name}. No appliance starts without it.`)
      expect(action).toContain('Reload the page')
      expect(text).toContain('MISMATCH')
    },
  )

  test('names all that is missing when several are', async () => {
    const flash = makeFlash()
    flipBit(flash, 'stub')
    flipBit(flash, 'kernel')
    const machine = machineOf(flash)
    const { message } = await halted(machine)
    expect(message).toMatch(
      /^Refused: (stub and kernel|kernel and stub)\. No appliance starts without them\.$/,
    )
  })

  test('halts when no appliance is left', async () => {
    const flash = makeFlash()
    for (const name of ['primary', 'web', 'messaging', 'management', 'vault']) flipBit(flash, name)
    const { message } = await halted(machineOf(flash))
    expect(message).toBe('Every appliance volume was refused: there is nothing to start.')
  })

  test('boots with a damaged BIOS, and says who misses it', async () => {
    const flash = makeFlash()
    flipBit(flash, 'bios')
    const machine = machineOf(flash, waiting)
    expect(await machine.until(/Self-test ended/)).toContain(
      'Your own disk images need it; the appliances do not.',
    )
    machine.keys('Enter')
    const handOff = await handedOff(machine)
    expect(handOff.refused.map(({ name }) => name)).toEqual(['bios'])
  })

  test('says which volume a server does not have', async () => {
    const flash = makeFlash()
    flash.files.delete('flash/vault.bin')
    const handOff = await handedOff(machineOf(flash))
    expect(handOff.refused).toEqual([
      {
        name: 'vault',
        role: 'appliance',
        appliance: 'vault',
        reason: { kind: 'unreadable', detail: 'flash/vault.bin could not be read: HTTP 404' },
      },
    ])
  })
})

describe('a machine that cannot run guests', () => {
  test.each([
    ['webAssembly', 'no WebAssembly'],
    ['workers', 'no workers'],
    ['digest', 'no SHA-256'],
    ['gunzip', 'no DecompressionStream'],
  ] as const)('halts before reading anything: %s', async (feature, words) => {
    const machine = machineOf(makeFlash(), (platform) => {
      platform.featureSet = { ...ALL_FEATURES, [feature]: false }
    })
    const { message } = await halted(machine)
    expect(message).toContain(words)
    expect(machine.platform.fetched).toEqual([])
  })

  test('takes the engine without SIMD where the browser has none', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      waiting(platform)
      platform.featureSet = { ...ALL_FEATURES, simd: false }
      platform.engine.simd = new Error('must not be asked for')
    })
    const text = await machine.until(/Self-test ended/)
    expect(rowWith(await firstLines(machine), 'Browser features')).toContain('no SIMD')
    expect(rowWith(text, 'Engine, compiled')).toContain('v86-fallback.wasm')
    machine.keys('Enter')
    expect((await handedOff(machine)).engine.simd).toBe(false)
  })

  test('halts when the engine cannot be read', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      platform.engine.simd = new Error('HTTP 404')
    })
    expect((await halted(machine)).message).toBe('The engine v86.wasm could not be read: HTTP 404.')
  })

  test('halts when the browser does not compile the engine, with the browser’s reason', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      platform.engine.simd = Uint8Array.of(0, 97, 115, 109, 9, 0, 0, 0)
    })
    const { message, action } = await halted(machine)
    expect(message).toMatch(/The browser did not compile v86\.wasm: .*version/)
    expect(action).toContain('wasm-unsafe-eval')
  })

  test.each(['hypercore', 'domain'] as const)('halts when the script of %s cannot be read', async (which) => {
    const machine = machineOf(makeFlash(), (platform) => {
      platform.scripts[which] = new Error('Failed to fetch')
    })
    expect((await halted(machine)).message).toContain('could not be read: Failed to fetch.')
  })

  test.each([
    ['nothing at all', undefined, 'the manifest'],
    ['another format', { format: 'zip', version: 1, volumes: [] }, 'format must be hyperspace-flash'],
    ['a later version', { format: 'hyperspace-flash', version: 2, volumes: [] }, 'version must be 1'],
    [
      'no kernel',
      { format: 'hyperspace-flash', version: 1, volumes: [] },
      'one volume with the role stub, not 0',
    ],
  ])('halts on a manifest of %s', async (_, manifest, words) => {
    const { message, action } = await halted(machineOf(makeFlash(), undefined, undefined, manifest ?? null))
    expect(message).toContain('The flash manifest is not usable')
    expect(message).toContain(words)
    expect(action).toContain('built')
  })
})

describe('what only degrades', () => {
  test('a private window boots and is told what it does not keep', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      waiting(platform)
      platform.storageReport = {
        kind: 'memory',
        why: 'the browser refused it (SecurityError)',
        remedy: 'Nothing.',
      }
    })
    const text = await firstLines(machine)
    expect(rowWith(text, 'Storage')).toMatch(/nothing outlives this tab +MEMORY/)
    expect(text).toContain('SecurityError')
    machine.keys('Enter')
    expect((await handedOff(machine)).platform.storage.kind).toBe('memory')
  })

  test('storage that fails is memory', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      platform.storageReport = new Error('disk I/O')
    })
    expect((await handedOff(machine)).platform.storage).toMatchObject({ kind: 'memory', why: 'disk I/O' })
  })

  test('a corrupt NVRAM is reported, defaults load, and it is left as it was', async () => {
    const appliances = makeFlash().volumes.flatMap(({ appliance, ramMiB }) =>
      typeof appliance === 'string' ? [{ appliance, ramMiB: Number(ramMiB) }] : [],
    )
    const defaults = defaultSettings(appliances, 2_048)
    const stored = encodeNvram({ ...defaults, bootDelayMs: 7_000, firstScreen: 'vault' })
    stored[30] = (stored[30] ?? 0) ^ 1
    const machine = machineOf(makeFlash(), (platform) => {
      waiting(platform)
      platform.nvram = stored.slice()
    })
    const text = await firstLines(machine)
    expect(rowWith(text, 'NVRAM')).toMatch(/corrupt: defaults loaded +DEFAULTS/)
    expect(text).toMatch(/checksum wrong, CRC-32 stored [0-9a-f]{8}, computed [0-9a-f]{8}/)
    expect(text).toContain('press F2, then F10')
    machine.keys('Enter')
    expect((await handedOff(machine)).settings).toEqual(defaults)
    expect(machine.platform.nvram).toEqual(stored)
  })

  test('an NVRAM that cannot be read does not stop the boot', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      waiting(platform)
      platform.readNvramError = new Error('The operation is insecure.')
    })
    const text = await firstLines(machine)
    expect(text).toContain('The operation is insecure. Settings are the defaults')
    machine.keys('Enter')
    await handedOff(machine)
  })

  test('settings for a larger machine are fitted to this one’s budget, and it says how', async () => {
    const appliances = makeFlash().volumes.flatMap(({ appliance, ramMiB }) =>
      typeof appliance === 'string' ? [{ appliance, ramMiB: Number(ramMiB) }] : [],
    )
    const defaults = defaultSettings(appliances, 2_048)
    const web = { start: true, memoryMiB: 1_024, capPercent: 50, weight: 200 }
    const machine = machineOf(makeFlash(), (platform) => {
      waiting(platform)
      platform.deviceMemoryGiB = 2
      platform.nvram = encodeNvram({ ...defaults, appliances: { ...defaults.appliances, web } })
    })
    const text = await firstLines(machine)
    expect(text).toContain('The memory of Web is 240 MiB now: the budget has 512.')
    machine.keys('Enter')
    const handOff = await handedOff(machine)
    expect(handOff.memoryBudgetMiB).toBe(512)
    expect(handOff.settings.appliances['web']).toEqual({ ...web, memoryMiB: 240 })
  })

  test('tells what stays off when the budget does not hold all', async () => {
    const flash = withField(withField(makeFlash(), 'web', 'ramMiB', 256), 'primary', 'ramMiB', 256)
    const machine = machineOf(flash, (platform) => {
      waiting(platform)
      platform.deviceMemoryGiB = 1
    })
    const text = (await firstLines(machine)).replace(/\s+/g, ' ')
    expect(text).toContain('Not started: Web, Messaging, Management and Vault. Choose others in Setup (F2).')
    machine.keys('Enter')
    await handedOff(machine)
  })

  test('starts on a device with little memory the one appliance that fits, and that is the first screen', async () => {
    const small = [
      ...['primary', 'web', 'vault'].map((name) => [name, 128] as const),
      ['messaging', 48] as const,
    ]
    const flash = small.reduce(
      (flash, [name, ramMiB]) => withField(flash, name, 'ramMiB', ramMiB),
      makeFlash(),
    )
    const machine = machineOf(flash, (platform) => {
      waiting(platform)
      platform.deviceMemoryGiB = 0.5
    })
    const text = (await firstLines(machine)).replace(/\s+/g, ' ')
    expect(text).toContain('8 logical, 0.5 GiB; guests 64 MiB')
    expect(text).toContain('Not started: Primary, Web, Management and Vault.')
    machine.keys('Enter')
    const { settings, post } = await handedOff(machine)
    const starting = Object.entries(settings.appliances).flatMap(([name, { start }]) => (start ? [name] : []))
    expect(starting).toEqual(['messaging'])
    expect(settings.firstScreen).toBe('messaging')
    // What the journal is told.
    expect(post.find(({ id }) => id === 'settings')?.detail).toBe(
      'The budget of 64 MiB does not hold all. Not started: Primary, Web, Management and Vault. Choose others in Setup (F2).',
    )
  })

  test('a keyboard nobody listens to is a warning', async () => {
    const flash = makeFlash()
    const machine = machineOf(flash, (platform) => {
      waiting(platform)
      Object.assign(platform, { keyboard: () => ({ listening: false, onScreen: false }) })
    })
    expect(rowWith(await machine.until(/Self-test ended/), 'Keyboard')).toContain('ABSENT')
    machine.keys('Enter')
    await machine.outcome
  })
})

test('a manifest is read from what the build made, unknown fields and all', async () => {
  const flash = makeFlash()
  const manifest = manifestOf(flash)
  const handOff = await handedOff(
    machineOf(flash, undefined, undefined, { ...Object(manifest), later: 'field' }),
  )
  expect(handOff.volumes).toHaveLength(10)
})

describe('golden snapshots', () => {
  test('are handed over verified, as they lie in flash', async () => {
    const flash = makeFlash()
    const { goldens, refusedGoldens } = await handedOff(
      machineOf(flash, undefined, undefined, manifestOf(flash), goldensOf(flash)),
    )
    expect(refusedGoldens).toEqual([])
    expect(goldens).toMatchObject([{ appliance: 'web', size: 12_345, stage: 'ready' }])
    const content = new Uint8Array(await (goldens[0]?.content ?? new Blob()).arrayBuffer())
    expect(sha256(content)).toBe(goldens[0]?.sha256)
    expect(goldens[0]?.machine).toMatchObject({ memoryMiB: 128, devices: 'vga 4 MiB' })
  })

  test.each([true, false])('are read for the disk as it is: blank %s', async (isBlank) => {
    const flash = makeFlash()
    const list = goldensOf(flash)
    const other = someBytes(5_000, 21)
    flash.files.set('web-blank.golden', other)
    const [of] = list.goldens
    const ofBlank = {
      ...of,
      file: 'web-blank.golden',
      size: other.length,
      sha256: sha256(other),
      blankDisk: true,
    }
    const both = { ...list, goldens: [of, ofBlank] }
    const machine = machineOf(flash, undefined, undefined, manifestOf(flash), both)
    machine.platform.blankDisks = isBlank
    const { goldens } = await handedOff(machine)
    expect(goldens).toMatchObject([{ appliance: 'web', size: isBlank ? 5_000 : 12_345, blankDisk: isBlank }])
    const read = machine.platform.fetched.filter((file) => file.endsWith('.golden'))
    expect(read).toEqual([isBlank ? 'web-blank.golden' : 'web.golden'])
  })

  test('that differ from their list are refused with both hashes, and the appliance boots', async () => {
    const flash = makeFlash()
    const list = goldensOf(flash)
    flash.files.get('web.golden')?.fill(0, 100, 101)
    const machine = machineOf(flash, waiting, undefined, manifestOf(flash), list)
    const text = await machine.until(/Self-test ended/)
    expect(rowWith(text, 'Golden web')).toContain('MISMATCH')
    expect(text).toContain('Web boots instead.')
    machine.keys('Enter')
    const handOff = await handedOff(machine)
    expect(handOff.goldens).toEqual([])
    expect(handOff.refused).toEqual([])
    expect(handOff.refusedGoldens).toMatchObject([{ appliance: 'web', reason: { kind: 'mismatch' } }])
    expect(handOff.volumes.map(({ name }) => name)).toContain('web')
  })

  test('that cannot be read are refused, and the appliance boots', async () => {
    const flash = makeFlash()
    const list = goldensOf(flash)
    flash.files.delete('web.golden')
    const handOff = await handedOff(machineOf(flash, undefined, undefined, manifestOf(flash), list))
    expect(handOff.refusedGoldens).toMatchObject([
      { appliance: 'web', reason: { kind: 'unreadable', detail: 'web.golden could not be read: HTTP 404' } },
    ])
  })

  test('of some and not of others that start: a line says whose there are none of', async () => {
    const flash = makeFlash()
    const all = allGoldensOf(flash)
    const goldens = { ...all, goldens: all.goldens.filter(({ appliance }) => appliance !== 'vault') }
    const machine = machineOf(flash, waiting, undefined, manifestOf(flash), goldens)
    expect(rowWith(await firstLines(machine), 'Golden snapshots')).toMatch(/none of Vault +NONE/)
    machine.keys('Enter')
    const { post } = await handedOff(machine)
    const said = post.find(({ id }) => id === 'goldens')
    expect(said).toMatchObject({
      result: 'warning',
      detail: 'This build has no golden snapshot of Vault, which boots instead.',
    })
  })

  test('of which one is missing that does not start: nobody is told', async () => {
    const flash = makeFlash()
    const list = allGoldensOf(flash)
    const goldens = { ...list, goldens: list.goldens.filter(({ appliance }) => appliance !== 'vault') }
    const settings = defaultSettings(
      list.goldens.map(({ appliance }) => ({ appliance, ramMiB: 64 })),
      2_048,
    )
    const { vault, ...rest } = settings.appliances
    if (vault === undefined) throw new Error('there is no vault')
    const appliances = { ...rest, vault: { ...vault, start: false } }
    const machine = machineOf(
      flash,
      (platform) => {
        platform.nvram = encodeNvram({ ...settings, appliances })
      },
      undefined,
      manifestOf(flash),
      goldens,
    )
    expect((await handedOff(machine)).post.map(({ id }) => id)).not.toContain('goldens')
  })

  test.each([
    ['none in this build', { format: 'hyperspace-goldens', version: 1, goldens: [] }, 'none in this build'],
    ['no list at all', undefined, 'the list is not usable'],
    ['another version', { format: 'hyperspace-goldens', version: 2, goldens: [] }, 'the list is not usable'],
  ])('%s: said in a line, and everything boots', async (_what, list, words) => {
    const flash = makeFlash()
    const machine = machineOf(flash, waiting, undefined, manifestOf(flash), list ?? null)
    const text = await machine.until(/Self-test ended/)
    expect(rowWith(text, 'Golden snapshots')).toContain(words)
    machine.keys('Enter')
    expect((await handedOff(machine)).goldens).toEqual([])
  })
})
