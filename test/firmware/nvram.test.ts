import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32 } from '../../src/firmware/crc32.ts'
import {
  decodeNvram,
  describeNvramError,
  encodeNvram,
  NVRAM_MAX_BYTES,
  nvramChecksum,
} from '../../src/firmware/nvram.ts'
import type { FirmwareSettings } from '../../src/protocol/hand-off.ts'

const settings: fc.Arbitrary<FirmwareSettings> = fc.record({
  bootOrder: fc.constantFrom(['hyperspace', 'primary'] as const, ['primary', 'hyperspace'] as const),
  bootDelayMs: fc.integer({ min: 0, max: 10_000 }),
  quietBoot: fc.boolean(),
  firstScreen: fc.string({ maxLength: 32, unit: 'grapheme' }),
  relayUrl: fc.constantFrom('', 'ws://127.0.0.1:6001/', 'wss://relay.example/'),
  appliances: fc.dictionary(
    fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/),
    fc.record(
      {
        start: fc.boolean(),
        memoryMiB: fc.integer({ min: 0, max: 0xffff }),
        capPercent: fc.integer({ min: 1, max: 100 }),
        weight: fc.integer({ min: 1, max: 1_000 }),
      },
      { noNullPrototype: true },
    ),
    { maxKeys: 9, noNullPrototype: true },
  ),
})

const SAMPLE: FirmwareSettings = {
  bootOrder: ['primary', 'hyperspace'],
  bootDelayMs: 2_500,
  quietBoot: true,
  firstScreen: 'web',
  relayUrl: 'wss://relay.example/',
  appliances: {
    primary: { start: true, memoryMiB: 128, capPercent: 100, weight: 100 },
    web: { start: false, memoryMiB: 256, capPercent: 35, weight: 750 },
  },
}

/** What decoding answers: the error's kind, or “accepted”. */
function verdict(bytes: Uint8Array): string {
  const decoded = decodeNvram(bytes)
  return decoded.ok ? 'accepted' : decoded.error.kind
}

/** Puts the right checksum over changed bytes, as a firmware that wrote them would. */
function sealed(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint32(4, crc32(copy.subarray(8)), true)
  return copy
}

test('CRC-32 answers the check value of its standard', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
  expect(crc32(new Uint8Array())).toBe(0)
})

describe('NVRAM', () => {
  test('gives back any settings', () => {
    fc.assert(
      fc.property(settings, (value) => {
        expect(decodeNvram(encodeNvram(value))).toEqual({ ok: true, value })
      }),
    )
  })

  test('is laid out as drawn', () => {
    const bytes = encodeNvram(SAMPLE)
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('HSNV')
    const view = new DataView(bytes.buffer)
    expect(view.getUint32(4, true)).toBe(crc32(bytes.subarray(8)))
    expect(view.getUint32(8, true)).toBe(bytes.length - 16)
    expect(view.getUint16(12, true)).toBe(2)
    expect([...bytes.subarray(16, 22)]).toEqual([2, 1, 0, 0xc4, 0x09, 1])
    expect(nvramChecksum(bytes)).toBe(crc32(bytes.subarray(8)).toString(16).padStart(8, '0'))
  })

  test('finds every changed byte', () => {
    const bytes = encodeNvram(SAMPLE)
    for (let at = 0; at < bytes.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] ?? 0) ^ change
        // A damaged length may look like a cut file, damaged magic like somebody else's; never like a later version.
        const expected = at < 4 ? /^foreign$/ : /^(checksum|truncated)$/
        expect(verdict(damaged), `byte ${at} changed by ${change}`).toMatch(expected)
      }
    }
  })

  test('finds every cut and every addition', () => {
    const bytes = encodeNvram(SAMPLE)
    for (let length = 0; length < bytes.length; length++) {
      expect(verdict(bytes.slice(0, length))).toBe(length === 0 ? 'foreign' : 'truncated')
    }
    expect(decodeNvram(Uint8Array.of(...bytes, 0)).ok).toBe(false)
  })

  test('says what bytes are that are nobody’s NVRAM, and takes any without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeNvram(bytes)
        expect(decoded.ok ? '' : describeNvramError(decoded.error)).not.toBe('')
      }),
    )
    expect(decodeNvram(new TextEncoder().encode('{"version":1}'))).toEqual({
      ok: false,
      error: { kind: 'foreign' },
    })
    expect(decodeNvram(new Uint8Array(NVRAM_MAX_BYTES + 1))).toEqual({
      ok: false,
      error: { kind: 'too-large', actualBytes: NVRAM_MAX_BYTES + 1 },
    })
  })

  test('takes no payload apart that is sealed and senseless, and never throws over one', () => {
    const header = encodeNvram(SAMPLE).subarray(0, 16)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (payload) => {
        const bytes = Uint8Array.of(...header, ...payload)
        new DataView(bytes.buffer).setUint32(8, payload.length, true)
        const decoded = decodeNvram(sealed(bytes))
        expect(decoded.ok ? encodeNvram(decoded.value) : decoded.error.kind).toEqual(
          decoded.ok ? sealed(bytes) : 'malformed',
        )
      }),
      { numRuns: 500 },
    )
  })

  test('knows a later version for what it is', () => {
    const later = encodeNvram(SAMPLE)
    new DataView(later.buffer).setUint16(12, 3, true)
    expect(decodeNvram(sealed(later))).toEqual({ ok: false, error: { kind: 'future-version', version: 3 } })
    expect(describeNvramError({ kind: 'future-version', version: 3 })).toContain('version 3')
  })

  test('reads what version 1 wrote, which knew no relay', () => {
    const none = encodeNvram({ ...SAMPLE, relayUrl: '' })
    // Without the empty string at its end.
    const first = none.slice(0, -2)
    const view = new DataView(first.buffer)
    view.setUint32(8, first.length - 16, true)
    view.setUint16(12, 1, true)
    expect(decodeNvram(sealed(first))).toEqual({ ok: true, value: { ...SAMPLE, relayUrl: '' } })
  })

  test('takes no bit for granted that this version leaves 0', () => {
    const reserved = encodeNvram(SAMPLE)
    reserved[14] = 1
    expect(verdict(sealed(reserved))).toBe('malformed')
    // The boot flags lie behind the header, two boot paths and their count, and the delay.
    const flags = encodeNvram(SAMPLE)
    flags[16 + 3 + 2] = 2
    expect(verdict(sealed(flags))).toBe('malformed')
    flags[16 + 3 + 2] = 0
    expect(verdict(sealed(flags))).toBe('accepted')
  })

  test('takes no appliance twice', () => {
    const limits = { start: true, memoryMiB: 64, capPercent: 100, weight: 100 }
    const bytes = encodeNvram({ ...SAMPLE, relayUrl: '', appliances: { vault: limits, vaulx: limits } })
    bytes[bytes.lastIndexOf('x'.charCodeAt(0))] = 't'.charCodeAt(0)
    expect(verdict(sealed(bytes))).toBe('malformed')
  })

  test('refuses to write more than an NVRAM holds', () => {
    const names = Array.from({ length: 200 }, (_, index) => `appliance-with-a-long-name-${index}`)
    const appliances = Object.fromEntries(
      names.map((name) => [name, { start: true, memoryMiB: 64, capPercent: 100, weight: 100 }]),
    )
    expect(() => encodeNvram({ ...SAMPLE, appliances })).toThrow(RangeError)
  })
})
