import { describe, expect, it } from 'vitest'
import { Capture } from '../../../src/fabric/capture/capture.ts'
import { writePcapng } from '../../../src/fabric/capture/pcapng.ts'
import { converse, fileOf, PORTAL } from './conversation.ts'
import { readPcapng } from './pcapng-reader.ts'
import { tshark, TSHARK_VERSION } from './tshark.ts'

/** Rubbish, nothing, and more than a wire carries. */
function anything(): Capture {
  const capture = new Capture({ now: () => 0, wallClock: () => 1_700_000_000_000 })
  capture.attach({ id: 'web', mac: '02:48:53:00:00:02', address: '10.83.7.11' })
  capture.start()
  let state = 12_345
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31)
  for (let count = 0; count < 400; count++) {
    const frame = Uint8Array.from({ length: next() % (count % 50 === 0 ? 5000 : 90) }, next)
    capture.observe('web', count % 3 === 0 ? 'to-guest' : 'from-guest', frame)
    if (count % 5 === 1) capture.refused('web', 'malformed')
  }
  return capture
}

/** Nothing recorded and nobody there; and a capture that never began. */
function nothing(): readonly Uint8Array[] {
  const empty = { ports: [], frames: [], writer: 'a test', comment: '', now: 0 }
  return [writePcapng(empty), fileOf(new Capture({ now: () => 0, wallClock: () => 0 }))]
}

describe('a recording as pcapng', () => {
  it('is sound by the letter of the format, whatever the frames hold, and with none', () => {
    const packets = readPcapng(fileOf(anything())).filter(({ type }) => type === 6)
    expect(packets).toHaveLength(400)
    for (const file of nothing()) expect(readPcapng(file).map(({ type }) => type)).toEqual([0x0a0d_0d0a, 4])
  })

  it('begins with a section and its interfaces, holds every frame, and ends with the counts', async () => {
    const capture = await converse()
    const types = readPcapng(fileOf(capture)).map(({ type }) => type)
    expect(types.slice(0, 4)).toEqual([0x0a0d_0d0a, 4, 1, 1])
    expect(types.slice(-2)).toEqual([5, 5])
    expect(types.filter((type) => type === 6).length).toBe(capture.report().packets)
  })

  it('gives time in whole nanoseconds', () => {
    const capture = new Capture({ now: () => 0.25, wallClock: () => 1_700_000_000_000.5 })
    capture.attach({ id: 'web', mac: '02:48:53:00:00:02', address: '10.83.7.11' })
    capture.start()
    capture.observe('web', 'to-guest', new Uint8Array(1))
    const packet = readPcapng(fileOf(capture)).find(({ type }) => type === 6)?.body
    const time = (BigInt(packet?.getUint32(4, true) ?? 0) << 32n) | BigInt(packet?.getUint32(8, true) ?? 0)
    expect(time).toBe(1_700_000_000_000_500_000n)
  })

  it('of one domain holds nothing of another', async () => {
    const capture = await converse()
    const blocks = readPcapng(fileOf(capture, 'web'))
    expect(blocks.filter(({ type }) => type === 1).length).toBe(1)
    expect(blocks.filter(({ type }) => type === 6).length).toBe(capture.frames(0, 'web').length)
    expect(capture.frames(0, 'web').length).toBeLessThan(capture.frames().length)
  })
})

// Skipped where Wireshark's command line is not installed; the name says so.
const judged = TSHARK_VERSION === undefined ? 'tshark is not installed' : TSHARK_VERSION

/** Wireshark looks at them only where it is told to. */
const CHECKSUMS = ['ip', 'udp', 'tcp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])

describe.skipIf(TSHARK_VERSION === undefined)(`a recording as an outside tool reads it (${judged})`, () => {
  it('is read whole without a complaint, and no frame of the fabric is malformed', async () => {
    const capture = await converse()
    const { status, complaints, output } = tshark(fileOf(capture), '-V', ...CHECKSUMS)
    expect(complaints).toBe('')
    expect(status).toBe(0)
    expect(output).not.toMatch(/malformed|checksum.*incorrect|bad checksum/i)
    expect(output.match(/^Frame \d+:/gm)?.length).toBe(capture.report().packets)
    expect(output).toContain('Interface name: primary')
    expect(output).toContain('Interface name: web')
    expect(output).toContain('not carried: policy')
    expect(output).toMatch(/Packet flags: 0x0000000[12]/)
  })

  it('shows it the conversation as it was: names, questions, the page, and who was refused', async () => {
    const fields = [
      'frame.interface_name',
      'frame.packet_flags_direction',
      '_ws.col.Protocol',
      '_ws.col.Info',
    ]
    const columns = ['-T', 'fields', '-E', 'separator=/t', ...fields.flatMap((field) => ['-e', field])]
    const { output } = tshark(fileOf(await converse()), '-N', 'N', ...columns)
    const lines = output.split('\n')
    const has = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line))
    expect(has(/^primary\t0x00000002\tDHCP\tDHCP Discover/)).toBe(true)
    expect(has(/^primary\t0x00000001\tDHCP\tDHCP Offer/)).toBe(true)
    expect(has(/^primary\t0x00000001\tARP\t.* is at /)).toBe(true)
    expect(has(/^primary\t0x00000001\tDNS\tStandard query response .* A portal A 10\.83\.0\.2/)).toBe(true)
    expect(has(/^primary\t0x00000001\tDNS\tStandard query response .* No such name/)).toBe(true)
    expect(has(/^primary\t0x00000001\tICMP\tEcho \(ping\) reply/)).toBe(true)
    expect(has(/^primary\t0x00000001\tNTP\t/)).toBe(true)
    expect(has(/^primary\t0x00000002\tHTTP\tGET \/ HTTP\/1\.1/)).toBe(true)
    expect(has(/^primary\t0x00000001\tHTTP\tHTTP\/1\.1 200 OK/)).toBe(true)
    expect(has(/^primary\t0x00000001\tICMP\tDestination unreachable \(Communication administratively/)).toBe(
      true,
    )
    expect(has(/^web\t0x00000002\tUDP\t5000 .* 5001/)).toBe(true)
    const names = tshark(fileOf(await converse()), '-q', '-z', 'hosts').output
    expect(names).toContain(`${PORTAL}\tportal`)
    expect(names).toContain('web.hyperspace.internal')
  })

  it('is sound whatever the frames hold: rubbish, nothing, and more than a wire carries', () => {
    const { status, complaints, output } = tshark(fileOf(anything()))
    expect([status, complaints]).toEqual([0, ''])
    expect(output.trimEnd().split('\n').length).toBe(400)
  })

  it('is a file, too, when nothing was recorded and nobody is there', () => {
    for (const file of nothing()) expect(tshark(file)).toMatchObject({ status: 0, complaints: '' })
  })
})
