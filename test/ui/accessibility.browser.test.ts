import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { PHONE_SIZE, useScenes, violations } from './harness/open-scene.ts'

const open = useScenes()

const choose = (item: string) => async (page: Page) => {
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: item }).click()
  await page.getByRole('dialog').waitFor()
}

const domainMenu = (item: string) => async (page: Page) => {
  await page.getByRole('button', { name: 'Primary: menu' }).click()
  await page.getByRole('menuitem', { name: item }).click()
  await page.getByRole('dialog').waitFor()
}

const policyTab = (tab: string, text?: string) => async (page: Page) => {
  await page.evaluate(() => {
    const row = { at: 0, line: 29, source: 'web', destination: 'primary', service: 'tcp/22' }
    window.harness.machine.decisions([{ ...row, verdict: 'deny', answered: undefined, count: 12 }], 12)
  })
  await choose('Policy')(page)
  await page.getByRole('button', { name: tab }).click()
  if (text !== undefined) await page.getByRole('textbox', { name: 'Policy' }).fill(text)
}

const question = async (page: Page) => {
  await page.evaluate(() => {
    const flow = { source: 'primary', destination: 'vault', service: 'secret' }
    const times = { askedAt: Date.now(), expiresAt: Date.now() + 60_000 }
    window.harness.machine.consents([{ id: 7, ...flow, words: 'the secret “mail”', line: 20, ...times }])
  })
  await page.getByRole('dialog', { name: 'May this cross?' }).waitFor()
}

const packets = async (page: Page) => {
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Packets' }).click()
  const panel = page.getByRole('region', { name: 'Packets', exact: true })
  await panel.getByRole('button', { name: 'Record', exact: true }).click()
  await page.evaluate(() => window.harness.passPackets(40))
  await panel.getByText('40 of 40 listed').waitFor()
}

const ownImage = async (page: Page) => {
  await page.getByRole('button', { name: 'More', exact: true }).click()
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('menuitem', { name: 'Start a disk image of your own…' }).click()
  await (await chooser).setFiles({ name: 'dos.img', mimeType: '', buffer: Buffer.alloc(1440 * 1024) })
  const dialog = page.getByRole('dialog', { name: 'A machine for your own image' })
  await dialog.getByText('Adjust').click()
  // More than is free: that is said, too.
  await dialog.getByLabel('Memory').selectOption('512 MB')
  await dialog.getByRole('alert').waitFor()
}

const diskAtWork = async (page: Page) => {
  await page.evaluate(() => window.harness.machine.held.add('exportDisk'))
  await domainMenu('Disk…')(page)
  await page.getByRole('button', { name: 'Save as an image' }).click()
  await page.evaluate(() => {
    const { machine, domainId } = window.harness
    const [source, destination] = [domainId('primary'), 'host'] as const
    const bytes = { doneBytes: 2 ** 25, totalBytes: 2 ** 28 }
    machine.transfers([{ id: 1, what: 'disk', source, destination, file: 'primary.img', ...bytes }])
  })
  await page.getByRole('progressbar').waitFor()
}

const dragged = async (page: Page) => {
  const dataTransfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer()
    transfer.items.add(new File(['hello'], 'notes.txt'))
    return transfer
  })
  await page.locator('[data-stage]').dispatchEvent('dragenter', { dataTransfer })
  await page.getByText('Send to Primary').waitFor()
}

/** The browser keeps its clipboard to itself. */
const closedClipboard = (page: Page) =>
  page.evaluate(() => {
    navigator.clipboard.readText = () => Promise.reject(new DOMException('', 'NotAllowedError'))
  })

const wantedClip = async (page: Page) => {
  await closedClipboard(page)
  await page.evaluate(() => window.harness.machine.wantClip(window.harness.domainId('primary'), 1))
  await page.getByRole('dialog', { name: 'Paste for Primary' }).waitFor()
}

const paste = async (page: Page) => {
  await closedClipboard(page)
  await choose('Paste')(page)
}

/** Every screen: the scene, and what a person does to get there. */
const SCREENS: readonly [name: string, query: string, reach?: (page: Page) => Promise<void>][] = [
  ['boot screen', 'scene=boot'],
  ['shell', 'scene=shell'],
  ['shell with nine domains', 'scene=many'],
  ['shell with a hint', 'scene=shell&hints'],
  ['shell with nothing kept', 'scene=nothing-kept'],
  ['embedded', 'scene=shell&embed'],
  ['a display on the stage', 'scene=shell', async (page) => page.keyboard.press('Control+Alt+Digit2')],
  ['crash', 'scene=crash'],
  ['spinning', 'scene=spinning'],
  ['paused', 'scene=paused'],
  ['off', 'scene=off'],
  ['no domain', 'scene=empty'],
  ['booting', 'scene=booting'],
  [
    'on-screen keyboard',
    'scene=shell',
    async (page) => page.getByRole('button', { name: 'On-screen keyboard' }).click(),
  ],
  ['menu', 'scene=shell', async (page) => page.getByRole('button', { name: 'More', exact: true }).click()],
  [
    'menu of a domain',
    'scene=shell',
    async (page) => page.getByRole('button', { name: 'Primary: menu' }).click(),
  ],
  ['switcher', 'scene=shell', async (page) => page.getByRole('button', { name: 'Switcher' }).click()],
  [
    'refused volume',
    'scene=refused',
    async (page) => page.getByRole('button', { name: 'web refused' }).click(),
  ],
  ['own image and its machine', 'scene=shell', ownImage],
  ['disk', 'scene=off', domainMenu('Disk…')],
  [
    'disk about to be reset',
    'scene=off',
    async (page) => {
      await domainMenu('Disk…')(page)
      await page.getByRole('button', { name: 'Reset…' }).click()
    },
  ],
  ['disk on its way', 'scene=off', diskAtWork],
  [
    'a disk that failed',
    'scene=shell',
    async (page) => {
      await page.evaluate(() => {
        const diskTrouble = 'The browser grants no more space: free some on this device.'
        window.harness.machine.change(window.harness.domainId('primary'), { diskTrouble })
      })
      await page.getByRole('alert', { name: 'The disk of Primary failed' }).waitFor()
    },
  ],
  ['files held over the page', 'scene=shell', dragged],
  ['a guest that wants the clipboard', 'scene=shell', wantedClip],
  ['paste', 'scene=shell', paste],
  ['confirmation of a removal', 'scene=off', domainMenu('Remove Primary…')],
  ['confirmation of a kill', 'scene=shell', domainMenu('Kill…')],
  ['fetching a file', 'scene=shell', domainMenu('Fetch a file…')],
  [
    'files on their way and an offer for the clipboard',
    'scene=shell',
    async (page) => {
      await page.evaluate(() => {
        const { machine, domainId } = window.harness
        machine.offerClip(domainId('primary'), 'text of a guest')
        machine.transfers([
          {
            id: 1,
            what: 'file',
            source: domainId('primary'),
            destination: domainId('web'),
            file: 'notes.txt',
            doneBytes: 5,
            totalBytes: 9,
          },
        ])
      })
      await page.getByText('notes.txt').waitFor()
    },
  ],
  ['snapshots', 'scene=snapshots', domainMenu('Snapshots…')],
  ['no snapshots yet', 'scene=shell', domainMenu('Snapshots…')],
  [
    'confirmation of a restore',
    'scene=snapshots',
    async (page) => {
      await domainMenu('Snapshots…')(page)
      await page.getByRole('button', { name: 'Restore Tools built' }).click()
    },
  ],
  ['figures and limits', 'scene=shell', domainMenu('Figures and limits…')],
  ['confirmation of a restart', 'scene=shell', choose('Restart…')],
  ['hand-off', 'scene=refused', choose('What the firmware handed off')],
  ['journal', 'scene=shell', choose('Journal')],
  ['policy as a table', 'scene=shell', choose('Policy')],
  ['policy as text, with a mistake', 'scene=shell', policyTab('Text', 'web internet gopher allow')],
  ['network', 'scene=shell', choose('Network')],
  [
    'trunk',
    'scene=shell',
    async (page) => {
      await choose('Trunk')(page)
      await page.getByRole('checkbox', { name: /Other tabs/ }).click()
      await page.getByText('messaging.m83').waitFor()
    },
  ],
  ['decisions', 'scene=shell', policyTab('Decisions')],
  ['a question of the policy’s', 'scene=shell', question],
  [
    'packets, nothing recorded',
    'scene=shell',
    async (page) => {
      await page.getByRole('button', { name: 'More', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Packets' }).click()
      await page.getByText('Nothing is recorded').waitFor()
    },
  ],
  ['packets', 'scene=shell', packets],
  ['keys', 'scene=shell', choose('Keys')],
  ['hypercalls', 'scene=shell', choose('Hypercalls')],
  ['honesty', 'scene=shell', choose('What is real, what is modelled')],
  [
    'about, with its notices',
    'scene=shell',
    async (page) => {
      await choose('About HyperCore')(page)
      await page.getByRole('button', { name: 'Licences and notices' }).click()
      await page.getByRole('region', { name: 'Licences and notices' }).waitFor()
    },
  ],
  ['no WebAssembly', 'scene=no-webassembly'],
  ['no worker', 'scene=no-worker'],
  ['too little memory', 'scene=too-little-memory'],
  ['a failed start', 'scene=failed'],
  ['running in another tab', 'scene=elsewhere'],
  ['taken over', 'scene=taken-over'],
]

test.each(SCREENS)(
  '%s has no axe violation and no error: dark, light, on a phone',
  async (_name, query, reach) => {
    const { page, complaints } = await open(`${query}&theme=dark`, { reducedMotion: 'reduce' })
    await reach?.(page)
    expect(await violations(page)).toEqual([])
    await page.evaluate(() => window.harness.preferences.setState({ theme: 'light' }))
    expect(await violations(page, 'colours')).toEqual([])
    await page.setViewportSize(PHONE_SIZE)
    expect(await violations(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  },
)
