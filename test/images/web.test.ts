import { afterEach, describe, expect, it } from 'vitest'
import { Guest } from '../support/boot-guest.ts'
import { differingPixels, readPicture, screenOf, untilScreenIs } from './pictures.ts'

const SCREEN = { width: 1024, height: 768 }
/** The browser's status line, which says how long the page took, begins here. */
const STATUS_LINE = 748
/** Where the pointer is at the start, and the link to "About this browser". */
const CENTRE = { x: 512, y: 384 }
const ABOUT_LINK = { x: 240, y: 512 }

let guest: Guest | undefined

async function bootWeb(): Promise<Guest> {
  guest = await Guest.boot({
    role: 'web',
    volume: 'web.sqfs',
    memoryMiB: 64,
    framebuffer: SCREEN,
    mac: '52:54:00:00:00:02',
  })
  await guest.untilReady()
  return guest
}

afterEach(() => guest?.dispose())

describe('the web appliance', () => {
  it('paints its page with a picture and styles, straight from the start', async () => {
    const web = await bootWeb()
    const home = readPicture('web-home')
    expect(await untilScreenIs(web, home, { below: STATUS_LINE })).toBe(0)
  })

  it('moves its pointer a pixel for a count, and follows a link where it clicks', async () => {
    const web = await bootWeb()
    await untilScreenIs(web, readPicture('web-home'), { below: STATUS_LINE })
    const { pointing } = web.machine
    // In uneven steps, some longer than a packet of the mouse can say.
    pointing.mouse(-250, 3, 0, 0)
    pointing.mouse(-(CENTRE.x - ABOUT_LINK.x - 250), ABOUT_LINK.y - CENTRE.y - 3, 0, 0)
    pointing.mouse(0, 0, 0, 1)
    pointing.mouse(0, 0, 0, 0)
    expect(await untilScreenIs(web, readPicture('web-about'), { below: STATUS_LINE })).toBe(0)
  })

  it('takes an address from the keyboard', async () => {
    const web = await bootWeb()
    await untilScreenIs(web, readPicture('web-home'), { below: STATUS_LINE })
    const { pointing } = web.machine
    pointing.mouse(-120, -250, 0, 0)
    pointing.mouse(0, -119, 0, 0)
    pointing.mouse(0, 0, 0, 1)
    pointing.mouse(0, 0, 0, 0)
    const before = await screenOf(web)
    // End, then "#x" by Shift+3 and X.
    pointing.keys([0xe0, 0x4f, 0xe0, 0xcf, 0x2a, 0x04, 0x84, 0xaa, 0x2d, 0xad])
    await web.waitFor(() => true, 1000, 'a moment')
    const bar = { left: 380, right: 480 }
    const limit = performance.now() + 30_000
    let typed = 0
    while (typed === 0 && performance.now() < limit) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      const now = await screenOf(web)
      for (let y = 4; y < 26; y++)
        for (let x = bar.left; x < bar.right; x++)
          if (now.rgba[(y * SCREEN.width + x) * 4] !== before.rgba[(y * SCREEN.width + x) * 4]) typed++
    }
    expect(typed).toBeGreaterThan(10)
  })

  it('starts the browser anew when it ends, and says so on its console', async () => {
    const web = await bootWeb()
    const home = readPicture('web-home')
    await untilScreenIs(web, home, { below: STATUS_LINE })
    await web.run('killall netsurf', /:.*# $/)
    await web.run('until [ $(grep -c started /run/browser.log) = 2 ]; do sleep 1; done', /:.*# $/)
    expect(await web.run('cat /run/browser.log', /:.*# $/)).toMatch(/browser ended with status 143/)
    expect(await untilScreenIs(web, home, { below: STATUS_LINE })).toBe(0)
    expect(differingPixels(home, readPicture('web-about'), STATUS_LINE)).toBeGreaterThan(1000)
  })
})
