import { describe, expect, test } from 'vitest'
import { firmwareKey, typedCharacter } from '../../src/firmware/keys.ts'
import { encodeNvram, decodeNvram } from '../../src/firmware/nvram.ts'
import type { FirmwareSettings, HandOff } from '../../src/protocol/hand-off.ts'
import { gate, makeFlash, type FakePlatform } from './fake-platform.ts'
import { machineOf, rowWith, type Machine } from './machine.ts'

async function inSetup(prepare?: (platform: FakePlatform) => void): Promise<Machine> {
  const machine = machineOf(makeFlash(), prepare, 'setup')
  await machine.until(/Setup Utility/)
  return machine
}

async function booted(machine: Machine): Promise<HandOff> {
  const outcome = await machine.outcome
  if (outcome.kind !== 'hand-off') throw new Error(outcome.message)
  return outcome.handOff
}

function storedIn(machine: Machine): FirmwareSettings {
  const decoded = decodeNvram(machine.platform.nvram ?? new Uint8Array())
  if (!decoded.ok) throw new Error(decoded.error.kind)
  return decoded.value
}

const tabs = (text: string): string => text.split('\n')[1] ?? ''

describe('setup', () => {
  test('opens by F2 while the self-test runs, as soon as the settings are known', async () => {
    const volumes = gate()
    const machine = machineOf(makeFlash(), (platform) => {
      platform.volumeGate = volumes.opened
    })
    machine.keys('F2')
    const text = await machine.until(/Setup Utility/)
    expect(tabs(text)).toMatch(/Main +HyperSpace +Boot +Exit/)
    expect(rowWith(text, 'being read')).toMatch(/10/)
    volumes.open()
    // The self-test goes on behind it, and its results arrive on the page.
    expect(rowWith(await machine.until(/being read +0 /), 'verified')).toMatch(/10/)
    machine.keys('Escape', 'Enter')
    await booted(machine)
  })

  test('shows on its main page what the self-test found', async () => {
    const text = (await inSetup()).firmware.text()
    expect(rowWith(text, 'Processors')).toContain('8 logical')
    expect(rowWith(text, 'Device memory')).toContain('8 GiB, as the browser says')
    expect(rowWith(text, "Guests' budget")).toContain('2,048 MiB')
    expect(rowWith(text, 'Storage')).toContain('OPFS, quota 12.0 GiB')
    expect(rowWith(text, 'NVRAM (model)')).toContain('empty: defaults')
    expect(rowWith(text, 'Flash (model)')).toContain('10 volumes')
    expect(text).toContain('Item Specific Help')
    expect(text).toContain('Inspired by Phoenix SecureCore and HyperCore (2007); not affiliated.')
  })

  test('turns pages with the arrow keys, around either end', async () => {
    const { firmware, keys } = await inSetup()
    keys('ArrowRight')
    expect(rowWith(firmware.text(), 'Web')).toMatch(/\[ On\] +\[ 128 MiB\] +\[100 %\] +\[ 100\]/)
    keys('ArrowRight')
    expect(firmware.text()).toContain('1st boot path')
    keys('ArrowRight')
    expect(firmware.text()).toContain('Exit Saving Changes')
    keys('ArrowRight')
    expect(firmware.text()).toContain('Processors')
    keys('ArrowLeft')
    expect(firmware.text()).toContain('Exit Saving Changes')
  })

  test('says in its right pane what the item is', async () => {
    const { firmware, keys } = await inSetup()
    keys('ArrowRight')
    expect(firmware.text()).toContain('Start of Primary')
    keys('ArrowDown', 'Tab')
    expect(firmware.text()).toContain('Memory of Web')
    keys('Tab', 'Tab')
    expect(firmware.text()).toContain('Weight of Web')
    keys('Tab')
    expect(firmware.text()).toContain('Start of Messaging')
    keys('Home')
    expect(firmware.text()).toContain('Start of Primary')
    keys('End')
    expect(firmware.text()).toContain('Start of Vault')
    keys('ArrowDown')
    expect(firmware.text()).toContain('Start of Primary')
    keys('ArrowUp')
    expect(firmware.text()).toContain('Start of Vault')
  })

  test('saves with F10 what was changed, boots with it, and finds it at the next power-on', async () => {
    const machine = await inSetup()
    const { keys } = machine
    // Vault off; memory of Web two steps up; cap of Primary one step down; weight of Primary two up.
    keys('ArrowRight', 'ArrowUp', 'Space')
    keys('Home', 'ArrowDown', 'Tab', '+', '+')
    keys('Home', 'Tab', '-', 'Tab', '+', '+')
    expect(rowWith(machine.firmware.text(), 'Given out')).toContain('368 MiB')
    // Boot: primary first, a delay of 2 s, quiet, web first.
    keys('ArrowRight', '+', 'ArrowDown', 'ArrowDown', '+', '+', 'ArrowDown', '+', 'ArrowDown', '+')
    keys('F10')
    expect(machine.firmware.text()).toContain('Save configuration changes and exit now?')
    keys('Enter')
    const handOff = await booted(machine)
    expect(handOff.settings).toEqual({
      bootOrder: ['primary', 'hyperspace'],
      bootDelayMs: 2_000,
      quietBoot: true,
      firstScreen: 'web',
      relayUrl: '',
      appliances: {
        primary: { start: true, memoryMiB: 96, capPercent: 95, weight: 200 },
        web: { start: true, memoryMiB: 160, capPercent: 100, weight: 100 },
        messaging: { start: true, memoryMiB: 64, capPercent: 100, weight: 100 },
        management: { start: true, memoryMiB: 48, capPercent: 100, weight: 100 },
        vault: { start: false, memoryMiB: 64, capPercent: 100, weight: 100 },
      },
    })
    expect(handOff.bootPath).toBe('primary')
    expect(storedIn(machine)).toEqual(handOff.settings)

    const next = machineOf(makeFlash(), (platform) => {
      platform.nvram = machine.platform.nvram
    })
    expect((await booted(next)).settings).toEqual(handOff.settings)
  })

  test('leaves by Esc without saving, after a question that Esc or No takes back', async () => {
    const machine = await inSetup()
    const { firmware, keys } = machine
    keys('ArrowRight', '-')
    expect(rowWith(firmware.text(), 'Primary')).toContain('[Off]')
    keys('Escape')
    expect(firmware.text()).toContain('Exit without saving? Changes are lost.')
    keys('Escape')
    expect(firmware.text()).not.toContain('Exit without saving?')
    keys('Escape', 'ArrowRight', 'Enter')
    expect(firmware.text()).toContain('Setup Utility')
    keys('Escape', 'Enter')
    const handOff = await booted(machine)
    expect(handOff.settings.appliances['primary']?.start).toBe(true)
    expect(machine.platform.nvram).toBeUndefined()
  })

  test('loads defaults with F9, also over what NVRAM held, and stores nothing by that', async () => {
    const all = { start: true, memoryMiB: 128, capPercent: 100, weight: 100 }
    const nvram = encodeNvram({
      bootOrder: ['hyperspace', 'primary'],
      bootDelayMs: 0,
      quietBoot: false,
      firstScreen: 'web',
      relayUrl: '',
      appliances: {
        primary: { ...all, start: false },
        web: all,
        messaging: all,
        management: all,
        vault: all,
      },
    })
    const machine = await inSetup((platform) => {
      platform.nvram = nvram
    })
    const { firmware, keys } = machine
    keys('ArrowRight', 'F9')
    expect(firmware.text()).toContain('Load default configuration now?')
    keys('Tab', 'Enter')
    expect(rowWith(firmware.text(), 'Primary')).toContain('[Off]')
    keys('F9', 'Enter')
    expect(rowWith(firmware.text(), 'Primary')).toMatch(/\[ On\] +\[  96 MiB\]/)
    expect(machine.platform.nvram).toBe(nvram)
  })

  test('does the same from its exit page', async () => {
    const machine = await inSetup()
    const { firmware, keys } = machine
    keys('ArrowRight', 'Space', 'ArrowRight', 'ArrowRight', 'End', 'Enter')
    expect(firmware.text()).toContain('Load previous configuration now?')
    keys('Enter', 'ArrowLeft', 'ArrowLeft')
    expect(rowWith(firmware.text(), 'Primary')).toContain('[ On]')
    keys('Space', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'Enter')
    expect(firmware.text()).toContain('Load default configuration now?')
    keys('Enter', 'Home', 'Enter')
    expect(firmware.text()).toContain('Save configuration changes and exit now?')
    keys('Enter')
    await booted(machine)
    expect(storedIn(machine).appliances['primary']?.start).toBe(true)
  })

  test('lists the choices of a field on Enter', async () => {
    const { firmware, keys } = await inSetup()
    keys('ArrowRight', 'ArrowRight', 'End', 'ArrowUp', 'Enter')
    const list = firmware.text()
    expect(list).toContain('First screen')
    expect(list).toMatch(/║ Web +║/)
    expect(list).toMatch(/║ Vault +║/)
    keys('ArrowDown', 'ArrowDown', 'Enter')
    expect(rowWith(firmware.text(), 'First screen     [')).toContain('[Messaging')
    keys('Enter', 'Home', 'Escape')
    expect(rowWith(firmware.text(), 'First screen     [')).toContain('[Messaging')
  })

  test('ends a row of values at either end, and lets two values take turns', async () => {
    const { firmware, keys } = await inSetup()
    keys('ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown')
    const delay = (): string => rowWith(firmware.text(), 'Boot delay       [')
    keys('-', '-', '-', '-', '-')
    expect(delay()).toContain('[0 s')
    keys(...Array.from({ length: 30 }, () => '+' as const))
    expect(delay()).toContain('[10 s')
    keys('ArrowDown', '-')
    expect(rowWith(firmware.text(), 'Boot screen      [')).toContain('[Quiet')
    keys('-')
    expect(rowWith(firmware.text(), 'Boot screen      [')).toContain('[Verbose')
  })

  test('takes a relay that is typed, refuses what is none in words, and keeps it', async () => {
    const machine = await inSetup()
    const { firmware, keys } = machine
    const type = (text: string): void => {
      for (const character of text) firmware.key(firmwareKey(character), typedCharacter(character))
    }
    type('xyz')
    keys('ArrowRight', 'ArrowRight', 'End', '+', '+')
    expect(firmware.takesText()).toBe(true)
    expect(firmware.spoken()).toContain('Network relay.  wss://.')
    const refused: readonly (readonly [typed: string, why: RegExp])[] = [
      ['http://relay.example/', /spoken to by wss:, or by ws: on this computer, not by http:/],
      ['ws://relay.example/', /everyone on the way could read/],
      ['wss://me:word@relay.example/', /no user, no password/],
      ['wss://', /is no address/],
      ['wss://[', /is no address/],
      [`ws://${'a'.repeat(300)}`, /could read .* ws:\/\/a{195}\./],
    ]
    for (const [typed, why] of refused) {
      keys('Delete')
      type(typed)
      keys('Enter')
      expect(firmware.spoken()).toMatch(why)
    }
    expect(firmware.text()).toMatch(/║ +a{30,}_ +║/)
    keys('Escape')
    expect(firmware.takesText()).toBe(false)
    expect(rowWith(firmware.text(), 'Network relay    [')).toContain('[This computer')
    keys('Enter', 'End', 'Enter')
    type('relay.example:8443/a=b-cc')
    keys('Backspace', 'Enter')
    expect(rowWith(firmware.text(), 'Network relay    [')).toContain('[wss://relay.example:8443/a=b-c')
    keys('F10', 'Enter')
    expect((await booted(machine)).settings.relayUrl).toBe('wss://relay.example:8443/a=b-c')
    expect(storedIn(machine).relayUrl).toBe('wss://relay.example:8443/a=b-c')

    const next = await inSetup((platform) => {
      platform.nvram = machine.platform.nvram
    })
    next.keys('ArrowRight', 'ArrowRight', 'End')
    expect(rowWith(next.firmware.text(), 'Network relay    [')).toContain('[wss://relay.example:8443/a=b-c')
    next.keys('-', '-')
    expect(rowWith(next.firmware.text(), 'Network relay    [')).toContain('[None')
  })

  test('explains itself and what is a model on F1', async () => {
    const { firmware, keys } = await inSetup()
    keys('F1')
    expect(firmware.text()).toContain('General Help')
    expect(firmware.text()).toContain('Model: flash and NVRAM are files')
    keys('Enter')
    expect(firmware.text()).not.toContain('General Help')
  })
})

describe('the memory budget in setup', () => {
  const small = (platform: FakePlatform): void => {
    platform.deviceMemoryGiB = 2
  }

  test('is shown, with what is given out and what is left', async () => {
    const { firmware, keys } = await inSetup(small)
    keys('ArrowRight', 'Tab', '+')
    expect(rowWith(firmware.text(), 'Memory budget')).toContain('512 MiB')
    expect(rowWith(firmware.text(), 'Given out')).toContain('416 MiB')
    expect(rowWith(firmware.text(), 'Left')).toContain('96 MiB')
  })

  test('refuses a step beyond it in words, and changes nothing', async () => {
    const { firmware, keys } = await inSetup(small)
    keys('ArrowRight', 'Tab', '+', '+', '+', '+', '+', '+', '+')
    expect(rowWith(firmware.text(), 'Left')).toMatch(/ 0 MiB/)
    keys('+')
    expect(firmware.text()).toContain('Primary would take 16 MiB more, and 0 MiB of the budget are')
    expect(firmware.spoken()).toContain('Give another appliance less, or do not start it.')
    keys('Enter')
    expect(rowWith(firmware.text(), 'Primary')).toContain('[ 208 MiB]')
    // Another appliance less, and it goes.
    keys('ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Home', 'End')
    expect(firmware.text()).toContain('Memory of Vault')
  })

  test('refuses a choice from the list that is beyond it', async () => {
    const { firmware, keys } = await inSetup(small)
    keys('ArrowRight', 'Tab', 'Enter', 'End')
    expect(rowWith(firmware.text(), '1008 MiB')).toContain('over budget')
    keys('Enter')
    expect(firmware.text()).toContain('Primary would take 928 MiB more, and 112 MiB of the budget')
    keys('Enter')
    expect(rowWith(firmware.text(), 'Primary')).toContain('[  96 MiB]')
  })

  test('refuses to start an appliance that does not fit, until another one is off', async () => {
    const off = { start: false, memoryMiB: 512, capPercent: 100, weight: 100 }
    const { firmware, keys } = await inSetup((platform) => {
      small(platform)
      const on = { start: true, memoryMiB: 64, capPercent: 100, weight: 100 }
      platform.nvram = encodeNvram({
        bootOrder: ['hyperspace', 'primary'],
        bootDelayMs: 0,
        quietBoot: false,
        firstScreen: 'primary',
        relayUrl: '',
        appliances: { primary: { ...on, memoryMiB: 96 }, web: off, messaging: on, management: on, vault: on },
      })
    })
    keys('ArrowRight', 'ArrowDown', 'Space')
    expect(firmware.text()).toContain('Refused')
    keys('Enter')
    expect(rowWith(firmware.text(), 'Web')).toContain('[Off]')
    keys('ArrowUp', 'Space', 'ArrowDown', 'ArrowDown', 'Space', 'ArrowDown', 'Space', 'ArrowDown', 'Space')
    keys('Home', 'ArrowDown', 'Space')
    expect(rowWith(firmware.text(), 'Web')).toContain('[ On]')
    expect(rowWith(firmware.text(), 'Left')).toMatch(/ 0 MiB/)
  })
})

describe('an NVRAM that does not take the settings', () => {
  test('is told in words, and the settings hold for this boot', async () => {
    const machine = await inSetup((platform) => {
      platform.writeNvramError = new Error('The quota has been exceeded.')
    })
    machine.keys('ArrowRight', 'Space', 'F10', 'Enter')
    const text = await machine.until(/NVRAM not written/)
    expect(text).toContain('The quota has been exceeded.')
    expect(text).toContain('The settings hold for this boot alone.')
    machine.keys('Enter')
    expect((await booted(machine)).settings.appliances['primary']?.start).toBe(false)
  })

  test('is found by reading back what was written', async () => {
    const machine = await inSetup((platform) => {
      platform.writeNvram = async (bytes) => {
        platform.nvram = bytes.slice(0, -1)
      }
    })
    machine.keys('F10', 'Enter')
    expect(await machine.until(/NVRAM not written/)).toContain('What was read back is not what was written.')
    machine.keys('Enter')
    await booted(machine)
  })
})

test('a screen reader hears item, value and help, not frames', async () => {
  const { firmware, keys } = await inSetup()
  expect(firmware.spoken()).toContain('Main page. Firmware: VeriBoot')
  keys('ArrowRight', 'ArrowDown', 'Tab')
  expect(firmware.spoken()).toBe(
    'HyperSpace page. Memory of Web: 128 MiB. RAM of the guest in MiB; Web needs 128. All guests that start share the budget below.',
  )
  keys('+')
  expect(firmware.spoken()).toContain('Memory of Web: 144 MiB.')
  keys('F10')
  expect(firmware.spoken()).toBe(
    'Setup Confirmation. Save configuration changes and exit now? Yes is selected.',
  )
})
