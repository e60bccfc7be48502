/** Display, keyboard, mouse and network card, seen from both sides of a real guest. */

import { afterEach, describe, expect, it } from 'vitest'
import type { MachineSpec } from '../../src/protocol/guest.ts'
import type { DomainHost } from '../support/domain-host.ts'
import { hostDomain } from '../support/domain-host.ts'
import { biosBoot, machineSpec, shellBoot } from '../support/guest-images.ts'
import { bootShell, shellReady } from '../support/guest-shell.ts'
import { Picture } from '../support/picture.ts'

let host: DomainHost | undefined

afterEach(async () => {
  await host?.end()
  host = undefined
})

/** Gives a credit whenever a frame has come, paints, and stops when `look` finds what it wants. */
async function watch<T>(
  guest: DomainHost,
  picture: Picture,
  what: string,
  look: () => T | undefined,
): Promise<T> {
  let painted = guest.frames.length
  guest.display({ kind: 'refresh' })
  guest.display({ kind: 'credit' })
  return guest.until(what, () => {
    for (; painted < guest.frames.length; painted++) {
      const frame = guest.frames[painted]
      if (frame !== undefined) picture.show(frame)
      guest.display({ kind: 'credit' })
    }
    return look()
  })
}

/** A PC that boots these bytes of real-mode code off its hard disk. */
function bootSector(code: readonly number[]): MachineSpec {
  const disk = new Uint8Array(1024 * 1024)
  disk.set(code, 0)
  disk.set([0x55, 0xaa], 510)
  return machineSpec(biosBoot(), { hda: { kind: 'read-only', blob: new Blob([disk]) } })
}

describe('the display', () => {
  it('shows a BIOS’s text, which can be read off the pixels', async () => {
    host = await hostDomain(machineSpec(biosBoot()))
    const picture = new Picture()
    const lines = await watch(host, picture, 'the boot failure', () => {
      const text = picture.text()
      return text.some((line) => line.includes('No bootable device')) ? text : undefined
    })
    expect(lines.some((line) => line.startsWith('SeaBIOS (version '))).toBe(true)
    expect([picture.mode, picture.width, picture.height]).toEqual(['text', 720, 400])
  })

  it('shows a planar graphics mode', async () => {
    // Mode 13h by INT 10h, then 64,000 pixels of colour 4 at A000:0000.
    const code = [0xb8, 0x13, 0x00, 0xcd, 0x10, 0xb8, 0x00, 0xa0, 0x8e, 0xc0, 0x31, 0xff]
    host = await hostDomain(bootSector([...code, 0xb9, 0x00, 0xfa, 0xb0, 0x04, 0xf3, 0xaa, 0xeb, 0xfe]))
    const picture = new Picture()
    await watch(host, picture, 'red', () =>
      picture.mode === 'graphics' && picture.at(319, 199)[0] !== 0 ? true : undefined,
    )
    expect([picture.width, picture.height]).toEqual([320, 200])
    expect(new Set(picture.pixels)).toEqual(new Set([0xff0000a8]))
  })

  it('sends nothing without a credit, and one frame for one', async () => {
    const guest = await hostDomain(machineSpec(biosBoot()))
    host = guest
    await guest.event('counters', ({ counters }) => counters.interrupts > 20)
    // A new viewer is no credit either.
    guest.display({ kind: 'refresh' })
    await guest.event('counters', ({ counters }) => counters.interrupts > 40)
    expect(guest.frames).toEqual([])
    guest.display({ kind: 'credit' })
    await guest.until('a frame', () => guest.frames[0])
    const sent = guest.events.findLast((event) => event.kind === 'counters')
    await guest.event(
      'counters',
      (event) => event !== sent && event.counters.instructions > (sent?.counters.instructions ?? 0),
    )
    expect(guest.frames).toHaveLength(1)
  })

  it('shows what a guest draws on its frame buffer, whole to a new viewer', async () => {
    const guest = await hostDomain(
      machineSpec(shellBoot('', { width: 640, height: 480 }), { deferJit: true, vgaMemoryMiB: 4 }),
    )
    host = guest
    await shellReady(guest)
    // Two rows of pixels B, G, R, x from row 100 on: orange.
    await guest.run(
      `busybox yes "$(busybox printf '\\001\\200\\377')" | busybox tr '\\n' '\\377' | busybox dd of=/dev/fb0 bs=2560 seek=100 count=2 iflag=fullblock 2>/dev/null`,
    )
    const picture = new Picture()
    await watch(guest, picture, 'the drawing', () => (picture.at(0, 101)[0] === 0xff ? true : undefined))
    expect([picture.mode, picture.width, picture.height]).toEqual(['graphics', 640, 480])
    expect(picture.at(639, 100)).toEqual([0xff, 0x80, 0x01, 0xff])
    expect(picture.at(0, 99)).toEqual([0, 0, 0, 0xff])
    expect(picture.at(0, 102)).toEqual([0, 0, 0, 0xff])
    expect(guest.frames[0]).toMatchObject({ x: 0, y: 0, width: 640, height: 480 })
  })
})

describe('keyboard and mouse', () => {
  it('types into a program that knows only the BIOS', async () => {
    // INT 16h waits for a key, INT 10h prints it, over and over.
    host = await hostDomain(bootSector([0xb4, 0x00, 0xcd, 0x16, 0xb4, 0x0e, 0xcd, 0x10, 0xeb, 0xf6]))
    const guest = host
    const picture = new Picture()
    await watch(guest, picture, 'the boot', () =>
      picture.text().some((line) => line.includes('Booting from Hard Disk')) ? true : undefined,
    )
    // “h”, then Shift and “i”: make and break codes of set 1.
    guest.display({ kind: 'keys', scancodes: [0x23, 0xa3, 0x2a, 0x17, 0x97, 0xaa] })
    const typed = await watch(guest, picture, 'the letters', () =>
      picture.text().find((line) => line.startsWith('hI')),
    )
    // Behind them the cursor, which is no glyph.
    expect(typed).toMatch(/^hI\ufffd? *$/)
  })

  it('reach the guest’s input devices', async () => {
    const guest = await bootShell()
    host = guest
    // One mouse report of three bytes: buttons, x, y (upwards).
    guest.type(
      'busybox dd if=/dev/input/mice bs=3 count=2 2>/dev/null | busybox od -An -v -t d1; echo moved\r',
    )
    await guest.output(/moved\r\n|echo moved/)
    const move = (): void =>
      guest.display({ kind: 'mouse', dx: 5, dy: -3, wheel: 0, buttons: 1, settle: false })
    move()
    const report = await guest.until('the mouse', () => {
      const match = /^ +(?<first>-?\d+) +(?<x>-?\d+) +(?<y>-?\d+)/m.exec(
        guest.text.slice(guest.text.lastIndexOf('echo moved')),
      )
      if (match === null) move()
      return match?.groups
    })
    expect(Number(report['first']) & 8).toBe(8)
    expect([Number(report['x']), Number(report['y'])]).toEqual([5, 3])
  })
})

describe('the network card', () => {
  it('carries frames both ways and counts them', async () => {
    const guest = await bootShell({ mac: '02:48:53:00:00:07' })
    host = guest
    await guest.run('busybox ip link set eth0 up; busybox ip addr add 10.9.0.2/24 dev eth0')
    guest.type('busybox ping -c 1 -W 20 10.9.0.1\r')
    const sent = (type: string): Promise<Uint8Array> =>
      guest.until(type, () =>
        guest.network
          .flatMap((message) => (message.kind === 'frames' ? message.frames : []))
          .find((frame) => hex(frame, 12, 14) === type),
      )
    const request = await sent('0806')
    expect(hex(request, 6, 12)).toBe('024853000007')
    // Who has 10.9.0.1: this does.
    const reply = request.slice(0, 42)
    const me = [2, 0, 0, 0, 0, 1]
    reply.set(request.subarray(6, 12), 0)
    reply.set(me, 6)
    reply.set([0, 2], 20)
    reply.set([...me, 10, 9, 0, 1], 22)
    reply.set([...request.subarray(6, 12), 10, 9, 0, 2], 32)
    guest.send([reply])
    await guest.until('its word that the frame was taken', () =>
      guest.network.find((message) => message.kind === 'taken' && message.frames === 1),
    )
    const echo = await sent('0800')
    expect(hex(echo, 30, 34)).toBe('0a090001')
    // The same back, from there to here: type 0 is the reply, its checksum 8 << 8 larger.
    const answer = echo.slice()
    answer.set(echo.subarray(6, 12), 0)
    answer.set(me, 6)
    answer.set([10, 9, 0, 1, 10, 9, 0, 2], 26)
    answer[34] = 0
    const checksum = ((echo[36] ?? 0) << 8) + (echo[37] ?? 0) + 0x800
    const folded = (checksum & 0xffff) + (checksum >> 16)
    answer.set([folded >> 8, folded & 0xff], 36)
    guest.send([answer])
    await guest.output('1 packets received')
    const { counters } = await guest.event('counters', (event) => event.counters.network.rxFrames >= 2)
    expect(counters.network.txBytes).toBeGreaterThan(100)
  })

  it('drops what is no frame, and what nobody takes', async () => {
    const guest = await hostDomain(machineSpec(shellBoot(), { mac: '02:48:53:00:00:08' }))
    host = guest
    await guest.event('running')
    guest.send([
      new Uint8Array(13),
      new Uint8Array(1515),
      ...Array.from({ length: 300 }, () => new Uint8Array(60)),
    ])
    const { counters } = await guest.event('counters', (event) => event.counters.network.dropped > 0)
    expect(counters.network.dropped).toBeGreaterThanOrEqual(2 + 300 - 256)
  })
})

function hex(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('hex')
}
