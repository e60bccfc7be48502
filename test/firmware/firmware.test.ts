import xterm from '@xterm/headless'
import { measure } from '../../src/firmware/file-reading.ts'
import { describe, expect, test } from 'vitest'
import { BootMenu } from '../../src/firmware/boot-menu.ts'
import { firmwareKey } from '../../src/firmware/keys.ts'
import { encodeNvram } from '../../src/firmware/nvram.ts'
import { defaultSettings } from '../../src/firmware/settings.ts'
import type { FirmwareSettings, HandOff } from '../../src/protocol/hand-off.ts'
import { flipBit, gate, makeFlash, type FakePlatform } from './fake-platform.ts'
import { machineOf, rowWith, withoutTimes, type Machine } from './machine.ts'

const APPLIANCES = makeFlash().volumes.flatMap(({ appliance, ramMiB }) =>
  typeof appliance === 'string' ? [{ appliance, ramMiB: Number(ramMiB) }] : [],
)
const DEFAULTS = defaultSettings(APPLIANCES, 2_048)

/** A terminal as the page has one, without the page. */
class Terminal {
  readonly #terminal = new xterm.Terminal({ cols: 80, rows: 25, scrollback: 0, allowProposedApi: true })

  async shows(ansi: string): Promise<string> {
    await new Promise<void>((resolve) => this.#terminal.write(ansi, resolve))
    const { active } = this.#terminal.buffer
    const rows = Array.from(
      { length: 25 },
      (_, row) => active.getLine(row)?.translateToString().trimEnd() ?? '',
    )
    return rows.join('\n')
  }
}

/** A machine whose NVRAM holds the defaults with `change`. */
function stored(change: Partial<FirmwareSettings>): (platform: FakePlatform) => void {
  return (platform) => {
    platform.nvram = encodeNvram({ ...DEFAULTS, ...change })
  }
}

async function booted(machine: Machine): Promise<HandOff> {
  const outcome = await machine.outcome
  if (outcome.kind !== 'hand-off') throw new Error(outcome.message)
  return outcome.handOff
}

describe('the boot delay', () => {
  test('waits only for what the self-test has left of it', async () => {
    const machine = machineOf(makeFlash(), stored({ bootDelayMs: 1_000 }))
    const handOff = await booted(machine)
    expect(machine.platform.delays).toHaveLength(1)
    const [waited = 0] = machine.platform.delays
    const ended = Math.max(...handOff.post.map(({ durationMs }) => durationMs))
    expect(waited).toBeLessThan(1_000 - ended)
    expect(waited).toBeGreaterThan(900)
  })

  test('of 0 waits not at all', async () => {
    const machine = machineOf(makeFlash(), stored({ bootDelayMs: 0 }))
    await booted(machine)
    expect(machine.platform.delays).toEqual([])
    expect(machine.bootable).toEqual([])
  })

  test('is there to make ready what will be handed off, once', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      stored({ bootDelayMs: 5_000, firstScreen: 'web' })(platform)
      platform.holdDelays = true
    })
    await machine.until(/Boots in/)
    expect(machine.bootable).toHaveLength(1)
    const [{ endedAt: _, ...announced } = { endedAt: 0 }] = machine.bootable
    expect(announced).toMatchObject({ bootPath: 'hyperspace', settings: { firstScreen: 'web' } })
    machine.keys('F1')
    machine.keys('Escape')
    await machine.until(/Boots in/)
    machine.keys('Enter')
    const { endedAt: __, ...handOff } = await booted(machine)
    expect(handOff).toEqual(announced)
    expect(machine.bootable).toHaveLength(1)
  })

  test('shorter than the self-test waits not at all', async () => {
    const flash = makeFlash()
    const machine = machineOf(flash, (platform) => {
      stored({ bootDelayMs: 500 })(platform)
      platform.readVolume = async (file) => {
        platform.clock += 600
        return measure(flash.files.get(file) ?? new Uint8Array())
      }
    })
    await booted(machine)
    expect(machine.platform.delays).toEqual([])
  })

  test('is said on the screen, and Enter ends it', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      stored({ bootDelayMs: 5_000 })(platform)
      platform.holdDelays = true
    })
    expect(await machine.until(/Boots in/)).toMatch(
      /Self-test ended: .* ms\. Boots in (5|4\.9) s or by <Enter>\./,
    )
    machine.keys('Enter')
    await booted(machine)
  })

  test.each(['F2', 'F12'] as const)('is ended by %s, and not begun again afterwards', async (key) => {
    const machine = machineOf(makeFlash(), (platform) => {
      platform.holdDelays = true
    })
    await machine.until(/Boots in/)
    machine.keys(key)
    await machine.until(/Setup Utility|Boot Menu ═/)
    machine.keys('Escape')
    if (key === 'F2') machine.keys('Enter')
    await booted(machine)
    expect(machine.platform.delays).toHaveLength(1)
  })

  test('takes keys during the self-test even if it is 0', async () => {
    const volumes = gate()
    const machine = machineOf(makeFlash(), (platform) => {
      stored({ bootDelayMs: 0 })(platform)
      platform.volumeGate = volumes.opened
    })
    machine.keys('F12')
    await machine.until(/Boot Menu ═/)
    volumes.open()
    machine.keys('ArrowDown', 'Enter')
    expect((await booted(machine)).bootPath).toBe('primary')
  })
})

describe('the boot menu', () => {
  async function menu(prepare?: (platform: FakePlatform) => void, flash = makeFlash()): Promise<Machine> {
    const machine = machineOf(flash, (platform) => {
      platform.holdDelays = true
      prepare?.(platform)
    })
    await machine.until(/Boots in/)
    machine.keys('F12')
    await machine.until(/Boot Menu ═/)
    return machine
  }

  test('offers both paths and Setup, and boots what is chosen this once', async () => {
    const machine = await menu()
    const text = machine.firmware.text()
    for (const entry of ['HyperSpace', 'Primary only', 'Enter Setup']) expect(text).toContain(`║ ${entry}`)
    expect(machine.firmware.spoken()).toBe('Boot Menu: HyperSpace, 1 of 3.')
    machine.keys('ArrowDown', 'Enter')
    const handOff = await booted(machine)
    expect(handOff.bootPath).toBe('primary')
    expect(handOff.settings.bootOrder).toEqual(['hyperspace', 'primary'])
    expect(machine.platform.nvram).toBeUndefined()
    const last = machine.firmware.text()
    expect(rowWith(last, 'Primary  ')).toContain('96 MiB')
    expect(last.split('\n').some((row) => row.startsWith('Web'))).toBe(false)
  })

  test('stands on the first of the stored order', async () => {
    const machine = await menu(stored({ bootOrder: ['primary', 'hyperspace'] }))
    machine.keys('Enter')
    expect((await booted(machine)).bootPath).toBe('primary')
  })

  test('leads into Setup', async () => {
    const machine = await menu()
    machine.keys('End', 'Enter')
    expect(await machine.until(/Setup Utility/)).toContain('Item Specific Help')
    machine.keys('Escape', 'Enter')
    await booted(machine)
  })

  test('does not boot a primary that was refused, and says why', async () => {
    const flash = makeFlash()
    flipBit(flash, 'primary')
    const machine = await menu(undefined, flash)
    expect(rowWith(machine.firmware.text(), '║ Primary only')).toContain('refused by POST')
    machine.keys('ArrowDown', 'Enter')
    expect(machine.firmware.text()).toContain('Boot Menu ═')
    machine.keys('ArrowUp', 'Enter')
    expect((await booted(machine)).bootPath).toBe('hyperspace')
  })

  test('answers nothing for a path that cannot be taken', () => {
    const menu = new BootMenu('primary', (path) => (path === 'primary' ? 'refused by POST' : undefined))
    expect(menu.key('Enter')).toBeUndefined()
    expect(menu.key('ArrowUp')).toBeUndefined()
    expect(menu.key('Enter')).toEqual({ kind: 'boot', path: 'hyperspace' })
  })

  test('closed with Esc boots by the order', async () => {
    const machine = await menu()
    machine.keys('Escape')
    expect((await booted(machine)).bootPath).toBe('hyperspace')
  })
})

describe('the boot path', () => {
  test('is the first of the order', async () => {
    expect(
      (await booted(machineOf(makeFlash(), stored({ bootOrder: ['primary', 'hyperspace'] })))).bootPath,
    ).toBe('primary')
  })

  test('is the deep link’s where it names one', async () => {
    expect((await booted(machineOf(makeFlash(), undefined, 'primary'))).bootPath).toBe('primary')
    const order = stored({ bootOrder: ['primary', 'hyperspace'] })
    expect((await booted(machineOf(makeFlash(), order, 'hyperspace'))).bootPath).toBe('hyperspace')
  })

  test('is the next one where primary was refused', async () => {
    const flash = makeFlash()
    flipBit(flash, 'primary')
    expect((await booted(machineOf(flash, undefined, 'primary'))).bootPath).toBe('hyperspace')
  })
})

describe('the screens', () => {
  test('quiet boot shows the logo with real progress, and Esc the lines behind it', async () => {
    const volumes = gate()
    const machine = machineOf(makeFlash(), (platform) => {
      stored({ quietBoot: true })(platform)
      platform.holdDelays = true
      platform.volumeGate = volumes.opened
    })
    const logo = await machine.until(/VeriBoot Firmware 1\.0 - A model/)
    expect(logo).toContain('Inspired by Phoenix SecureCore and HyperCore (2007); not affiliated.')
    expect(logo).toMatch(/░/)
    expect(logo).not.toContain('Browser features')
    volumes.open()
    const full = await machine.until(/Boots in/)
    expect(full).not.toMatch(/░/)
    machine.keys('Escape', 'Home')
    expect(machine.firmware.text()).toContain('Browser features')
    machine.keys('Escape')
    expect(machine.firmware.text()).not.toContain('Browser features')
    machine.keys('Enter')
    await booted(machine)
  })

  test('a quiet boot does not hide a refused volume', async () => {
    const flash = makeFlash()
    flipBit(flash, 'vault')
    const machine = machineOf(flash, (platform) => {
      stored({ quietBoot: true })(platform)
      platform.holdDelays = true
    })
    expect(await machine.until(/Boots in/)).toContain('Flash vault: MISMATCH')
    machine.keys('Enter')
    await booted(machine)
  })

  test('the self-test scrolls when it has more lines than rows', async () => {
    const flash = makeFlash()
    for (const name of ['web', 'vault', 'bios']) flipBit(flash, name)
    const machine = machineOf(flash, (platform) => {
      platform.holdDelays = true
    })
    await machine.until(/Boots in/)
    expect(machine.firmware.text()).not.toContain('Browser features')
    machine.keys('PageUp')
    expect(machine.firmware.text()).toContain('Browser features')
    machine.keys('PageDown')
    expect(machine.firmware.text()).not.toContain('Browser features')
    machine.keys('Home')
    expect(machine.firmware.text()).toContain('Browser features')
    machine.keys('End')
    expect(machine.firmware.text()).not.toContain('Browser features')
    machine.keys('Enter')
    await booted(machine)
  })

  test('show the time since power-on as it was when they were drawn, and are not drawn for it', async () => {
    const machine = machineOf(makeFlash(), (platform) => {
      platform.holdDelays = true
    })
    const shown = (): number => Number(/ ([\d.]+) s /.exec(machine.firmware.text().split('\n')[0] ?? '')?.[1])
    await machine.until(/Boots in/)
    expect(shown()).toBeCloseTo(machine.platform.clock / 1000, 1)
    const before = machine.output()
    machine.platform.clock += 5_000
    expect(machine.output()).toBe(before)
    machine.keys('PageUp')
    expect(shown()).toBeCloseTo(machine.platform.clock / 1000, 1)
    machine.keys('Escape')
    expect(machine.firmware.text().split('\n')[0]).toMatch(/^ +6\.\d\d s$/)
    machine.keys('Enter')
    expect((await booted(machine)).endedAt).toBeCloseTo(machine.platform.clock, -1)
    expect(rowWith(machine.firmware.text(), 'Since power-on')).toContain('6,0')
  })

  test('F1 tells what is real and what is a model, holds the boot, and waits for keys anew', async () => {
    const volumes = gate()
    const machine = machineOf(makeFlash(), (platform) => {
      platform.holdDelays = true
      platform.volumeGate = volumes.opened
    })
    machine.keys('F1')
    expect(await machine.until(/General Help/)).toContain('Model: this firmware is a program in a web page.')
    expect(machine.firmware.spoken()).toContain('General Help. F2 Setup.')
    volumes.open()
    expect(await machine.until(/25 of 25/)).toContain('General Help')
    machine.platform.clock += 60_000
    machine.keys('Enter')
    expect(await machine.until(/Boots in 1 s/)).not.toContain('General Help')
    machine.keys('Enter')
    await booted(machine)
  })

  test('the last one says what HyperCore gets', async () => {
    const machine = machineOf(makeFlash(), stored({ bootDelayMs: 0, firstScreen: 'web' }))
    const handOff = await booted(machine)
    const text = machine.firmware.text()
    expect(text).toContain('Handing over to HyperCore')
    expect(rowWith(text, 'hypercore-a1b2c3.js')).toContain('84,120 bytes')
    expect(text).toContain(handOff.scripts.hypercore.sha256)
    expect(rowWith(text, 'Memory  ')).toContain('400 of 2,048 MiB given out')
    expect(rowWith(text, 'Web')).toMatch(/128 MiB +100 % +100 +9,001 bytes, first screen/)
    expect(machine.firmware.spoken()).toContain('Handing over to HyperCore')
  })

  test('are the same on a real terminal as in words, key by key', async () => {
    const terminal = new Terminal()
    const flash = makeFlash()
    flipBit(flash, 'vault')
    const machine = machineOf(flash, (platform) => {
      platform.holdDelays = true
    })
    await machine.until(/Boots in/)
    let written = 0
    const shown = (): Promise<string> => {
      const news = machine.output().slice(written)
      written += news.length
      return terminal.shows(news)
    }
    expect(await shown()).toBe(machine.firmware.text())
    const keys = [
      ...(['Escape', 'Escape', 'F12', 'ArrowDown'] as const),
      ...([
        'F2',
        'ArrowRight',
        'Tab',
        '+',
        'Enter',
        'PageDown',
        'Enter',
        'ArrowRight',
        'F9',
        'Tab',
        'Enter',
      ] as const),
      ...(['ArrowRight', 'F10'] as const),
    ]
    for (const key of keys) {
      machine.keys(key)
      if (key === 'F2') await machine.until(/Setup Utility/)
      if (key === 'F12') await machine.until(/Boot Menu ═/)
      expect(await shown(), `after ${key}`).toBe(machine.firmware.text())
    }
    machine.keys('Enter')
    await booted(machine)
    expect(await shown()).toBe(machine.firmware.text())
    expect(machine.firmware.text()).toContain('Handing over')
  })

  test('begin with a whole page at once, before anything is awaited', () => {
    const machine = machineOf()
    expect(machine.output()).toContain('\u001b[2J')
    expect(machine.firmware.text()).toMatch(/<F2>.*Setup.*<F12>.*Boot Menu/)
  })

  test('are sent again whole on request', async () => {
    const machine = machineOf(makeFlash(), stored({ bootDelayMs: 0 }))
    await booted(machine)
    const before = machine.output().length
    machine.firmware.redraw()
    const again = machine.output().slice(before)
    expect(await new Terminal().shows(again)).toBe(machine.firmware.text())
  })

  test('show the same boot twice, but for the times', async () => {
    const twice = await Promise.all(
      [0, 1].map(async () => {
        const machine = machineOf(makeFlash(), stored({ bootDelayMs: 0 }))
        await booted(machine)
        return withoutTimes(machine.firmware.text())
      }),
    )
    expect(twice[0]).toBe(twice[1])
  })
})

test('keys have the names that keyboards give them', () => {
  expect(['F2', 'ArrowUp', ' ', '=', '+', '_', '−', 'Enter', 'Escape'].map(firmwareKey)).toEqual([
    'F2',
    'ArrowUp',
    'Space',
    '+',
    '+',
    '-',
    '-',
    'Enter',
    'Escape',
  ])
  expect(['a', 'F5', 'Shift', ''].map(firmwareKey)).toEqual([undefined, undefined, undefined, undefined])
})
