import { afterEach, describe, expect, it } from 'vitest'
import { HostFrame } from '../../src/protocol/agent.ts'
import { Guest, type GuestOptions } from '../support/boot-guest.ts'
import { resumedPayload } from '../support/resumed-frame.ts'
import { differingPixels, readPicture, screenOf, untilScreenIs, type Picture } from './pictures.ts'

const SCREEN = { width: 1024, height: 768 }
/** The browser's status line, which says how long the page took, begins here. */
const STATUS_LINE = 748
/** Where the pointer is at the start, and the link to "About this browser". */
const CENTRE = { x: 512, y: 384 }
const ABOUT_LINK = { x: 240, y: 512 }

let guest: Guest | undefined

const WEB: GuestOptions = {
  role: 'web',
  volume: 'web.sqfs',
  memoryMiB: 64,
  framebuffer: SCREEN,
  mac: '52:54:00:00:00:02',
}

function sizePayload(width: number, height: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(width, height).buffer)
}

/** Between the tool bar and the status line, and without the scroll bar. */
const PAGE = { left: 0, right: 1000, top: 40, bottom: 700 }

/** Pixels of the two pictures' pointers, which are in the middle of each screen; another page differs by far more. */
const POINTERS = 600

/** Looks until a screen of `size` shows in its middle what `expected` shows of the page; answers how many pixels differ. */
async function untilMiddleIs(web: Guest, expected: Picture, size: typeof SCREEN): Promise<number> {
  const limit = performance.now() + 60_000
  const indent = (size.width - expected.width) / 2
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const screen = await screenOf(web)
    let count = screen.width === size.width && screen.height === size.height ? 0 : Infinity
    for (let y = PAGE.top; y < PAGE.bottom && count < Infinity; y++)
      for (let x = PAGE.left; x < PAGE.right; x++) {
        const at = (y * screen.width + x + indent) * 4
        const wanted = (y * expected.width + x) * 4
        if (Math.abs((screen.rgba[at] ?? 0) - (expected.rgba[wanted] ?? 0)) > 24) count++
      }
    if (count < POINTERS || performance.now() > limit) return count
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** The address bar behind the home page's own address: once it is `expected`, or stands still. */
async function addressBar(web: Guest, expected?: Buffer): Promise<Buffer> {
  const limit = performance.now() + 20_000
  let last = Buffer.alloc(0)
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await new Promise((resolve) => setTimeout(resolve, 500))
    // oxlint-disable-next-line no-await-in-loop
    const { rgba } = await screenOf(web)
    const lines = Array.from({ length: 18 }, (_, line) => ((line + 7) * SCREEN.width + 400) * 4)
    const bar = Buffer.concat(lines.map((at) => rgba.subarray(at, at + 2000)))
    if (bar.equals(expected ?? last) || performance.now() > limit) return bar
    last = bar
  }
}

async function bootWeb(): Promise<Guest> {
  guest = await Guest.boot(WEB)
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
    const { input } = web.machine
    // In uneven steps, some longer than a packet of the mouse can say.
    input.mouse(-250, 3, 0, 0)
    input.mouse(-(CENTRE.x - ABOUT_LINK.x - 250), ABOUT_LINK.y - CENTRE.y - 3, 0, 0)
    input.mouse(0, 0, 0, 1)
    input.mouse(0, 0, 0, 0)
    expect(await untilScreenIs(web, readPicture('web-about'), { below: STATUS_LINE })).toBe(0)
  })

  it('takes an address from the keyboard, where the pointer was led while it was held', async () => {
    const web = await bootWeb()
    await untilScreenIs(web, readPicture('web-home'), { below: STATUS_LINE })
    const { input } = web.machine
    web.machine.pause()
    // To the corner and from there to the address bar: read in one, it would all be one movement to the left.
    for (let step = 0; step < 4; step++) input.mouse(-255, -255, 0, 0, step === 3)
    input.mouse(255, 15, 0, 0)
    input.mouse(137, 0, 0, 0)
    input.mouse(0, 0, 0, 1)
    input.mouse(0, 0, 0, 0)
    web.machine.resume()
    const before = await screenOf(web)
    // End, then "#x" by Shift+3 and X.
    input.keys([0xe0, 0x4f, 0xe0, 0xcf, 0x2a, 0x04, 0x84, 0xaa, 0x2d, 0xad])
    // Black text on the white of the address bar, beyond the home page's own address.
    const ink = (picture: Picture): number => {
      let count = 0
      for (let y = 6; y < 25; y++)
        for (let x = 400; x < 460; x++) if ((picture.rgba[(y * SCREEN.width + x) * 4] ?? 255) < 96) count++
      return count
    }
    const none = ink(before)
    let now = before
    for (let look = 0; ink(now) === none && look < 100; look++) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      await new Promise((resolve) => setTimeout(resolve, 250))
      // oxlint-disable-next-line no-await-in-loop
      now = await screenOf(web)
    }
    expect(ink(now)).toBeGreaterThan(none + 10)

    // Sixty keys at once show what they show one by one.
    const letters = Array.from({ length: 60 }, (_, at) => 0x10 + ((at * 7) % 10))
    const slowly = async (codes: readonly number[], expected?: Buffer): Promise<Buffer> => {
      for (const code of codes) {
        input.keys([code, code | 0x80])
        // oxlint-disable-next-line no-await-in-loop -- one key after the other
        await new Promise((resolve) => setTimeout(resolve, 40))
      }
      return addressBar(web, expected)
    }
    const short = await slowly([])
    const long = await slowly(letters)
    expect(long.equals(short)).toBe(false)
    await slowly(
      Array.from(letters, () => 0x0e),
      short,
    )
    input.keys(letters.flatMap((code) => [code, code | 0x80]))
    expect((await addressBar(web, long)).equals(long)).toBe(true)
  })

  it('has the size that it is told before it starts, another after a resume, and its pointer in the middle', async () => {
    const told = await Guest.boot({ ...WEB, commandLine: 'hs.checkpoint' })
    guest = told
    await told.waitFor(() => told.agentFrames.length > 0, 60_000, 'hello')
    told.send(HostFrame.screen, sizePayload(1280, 800))
    await told.untilReady()
    const home = readPicture('web-home')
    expect(await untilMiddleIs(told, home, { width: 1280, height: 800 })).toBeLessThan(POINTERS)
    const state = await told.capture()
    told.dispose()

    const resumed = await Guest.resume(state, { ...WEB, commandLine: 'hs.checkpoint' })
    guest = resumed
    const self = { unixMs: Date.now(), mac: '52:54:00:00:00:03', hostname: 'web-2' }
    resumed.send(HostFrame.screen, sizePayload(1920, 1088))
    resumed.send(HostFrame.resumed, resumedPayload(self))
    expect(await untilMiddleIs(resumed, home, { width: 1920, height: 1088 })).toBeLessThan(POINTERS)
    // No screen at all, and one that its memory does not hold.
    resumed.send(HostFrame.screen, Uint8Array.of(1))
    resumed.send(HostFrame.screen, sizePayload(1920, 1200))
    const { input } = resumed.machine
    const shift = ABOUT_LINK.y - 544
    input.mouse(ABOUT_LINK.x - CENTRE.x + 20, shift, 0, 0)
    input.mouse(-20, 0, 0, 0)
    input.mouse(0, 0, 0, 1)
    input.mouse(0, 0, 0, 0)
    expect(
      await untilMiddleIs(resumed, readPicture('web-about'), { width: 1920, height: 1088 }),
    ).toBeLessThan(POINTERS)
  })

  it('goes on with its page on a screen of another size', async () => {
    const web = await bootWeb()
    await untilScreenIs(web, readPicture('web-home'), { below: STATUS_LINE })
    const { input } = web.machine
    input.mouse(ABOUT_LINK.x - CENTRE.x, ABOUT_LINK.y - CENTRE.y, 0, 0)
    input.mouse(0, 0, 0, 1)
    input.mouse(0, 0, 0, 0)
    const about = readPicture('web-about')
    await untilScreenIs(web, about, { below: STATUS_LINE })
    const resize = (size: typeof SCREEN): void =>
      web.send(HostFrame.screen, sizePayload(size.width, size.height))
    const wide = { width: 1432, height: 848 }
    resize(wide)
    expect(await untilMiddleIs(web, about, wide)).toBeLessThan(POINTERS)
    // Told twice in a row, the last size counts.
    resize({ width: 640, height: 480 })
    resize(SCREEN)
    expect(await untilMiddleIs(web, about, SCREEN)).toBeLessThan(POINTERS)
    expect(await web.run('grep -c started /run/browser.log', /:.*# $/)).toMatch(/^1$/m)
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
