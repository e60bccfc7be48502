/**
 * Reads a pcapng file as strictly as its specification (draft-ietf-opsawg-pcapng) is written, and throws at what an outside
 * tool would complain of: lengths, padding, options that are not of their block, and frames of interfaces that are not there.
 */

export type Block = { readonly type: number; readonly body: DataView }

/** Per kind of block: bytes before the options, and the options it may have with their lengths, where these are fixed. */
const OPTIONS: Readonly<Record<number, Readonly<Record<number, number | 'text'>>>> = {
  0x0a0d_0d0a: { 1: 'text', 2: 'text', 3: 'text', 4: 'text' },
  1: { 1: 'text', 2: 'text', 3: 'text', 4: 8, 6: 6, 9: 1 },
  4: { 1: 'text' },
  5: { 1: 'text', 4: 8, 5: 8 },
  6: { 1: 'text', 2: 4 },
}
const REPEATED = 1

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`pcapng: ${what}`)
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4
}

function text(view: DataView, at: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length)
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

/** Code, length, value, zeros to four bytes; answers where the list ends. */
function readList(
  body: DataView,
  from: number,
  look: (code: number, length: number, at: number) => void,
): number {
  let at = from
  for (;;) {
    check(at + 4 <= body.byteLength, 'a list has no end')
    const [code, length] = [body.getUint16(at, true), body.getUint16(at + 2, true)]
    at += 4
    if (code === 0) {
      check(length === 0, 'the end of a list has a length')
      return at
    }
    check(at + padded(length) <= body.byteLength, 'an option goes past its block')
    for (let pad = length; pad < padded(length); pad++)
      check(body.getUint8(at + pad) === 0, 'an option is padded with something')
    look(code, length, at)
    at += padded(length)
  }
}

function readOptions({ type, body }: Block, from: number): void {
  // Options may be left out altogether, their end included.
  if (from === body.byteLength) return
  const seen = new Set<number>()
  const end = readList(body, from, (code, length, at) => {
    const wanted = OPTIONS[type]?.[code]
    check(wanted !== undefined, `option ${code} is none of block ${type}`)
    check(wanted === 'text' || wanted === length, `option ${code} of block ${type} has ${length} bytes`)
    check(code === REPEATED || !seen.has(code), `option ${code} of block ${type} comes twice`)
    seen.add(code)
    if (wanted === 'text') text(body, at, length)
  })
  check(end === body.byteLength, 'something follows the options')
}

/** A name record’s value: four bytes of address, and names that each end with a zero. */
function readNames(body: DataView): number {
  return readList(body, 0, (code, length, at) => {
    check(code === 1 && length > 5, 'a record is no IPv4 name')
    const names = text(body, at + 4, length - 4)
    check(names.endsWith('\0') && !names.includes('\0\0') && names.length > 1, 'a name does not end')
  })
}

/** @throws Error with what is unsound */
export function readPcapng(file: Uint8Array): readonly Block[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const blocks: Block[] = []
  const snapshotLengths: number[] = []
  for (let at = 0; at < file.length;) {
    check(at + 12 <= file.length, 'the file ends within a block')
    const length = view.getUint32(at + 4, true)
    check(length >= 12 && length % 4 === 0 && at + length <= file.length, `block length ${length}`)
    check(view.getUint32(at + length - 4, true) === length, `the block at ${at} does not end where it says`)
    const body = new DataView(file.buffer, file.byteOffset + at + 8, length - 12)
    const block = { type: view.getUint32(at, true), body }
    readOptions(block, optionsAt(block, snapshotLengths))
    blocks.push(block)
    at += length
  }
  check(blocks[0]?.type === 0x0a0d_0d0a, 'no section')
  return blocks
}

/** Where a block's options begin, its fields being sound. */
function optionsAt({ type, body }: Block, snapshotLengths: number[]): number {
  switch (type) {
    case 0x0a0d_0d0a:
      check(body.getUint32(0, true) === 0x1a2b_3c4d, 'no byte order')
      check(body.getUint16(4, true) === 1 && body.getUint16(6, true) === 0, 'no version 1.0')
      check(body.getBigInt64(8, true) === -1n, 'a section’s length is given, and not checked here')
      return 16
    case 1:
      check(body.getUint16(0, true) === 1 && body.getUint16(2, true) === 0, 'no Ethernet')
      snapshotLengths.push(body.getUint32(4, true))
      return 8
    case 4:
      return readNames(body)
    case 5:
      check(body.getUint32(0, true) < snapshotLengths.length, 'statistics of no interface')
      return 12
    case 6: {
      const limit = snapshotLengths[body.getUint32(0, true)]
      const [captured, original] = [body.getUint32(12, true), body.getUint32(16, true)]
      check(limit !== undefined, 'a frame of no interface')
      check(captured <= limit && captured <= original, `a frame of ${original} bytes with ${captured}`)
      const end = 20 + padded(captured)
      check(end <= body.byteLength, 'a frame goes past its block')
      for (let pad = 20 + captured; pad < end; pad++) check(body.getUint8(pad) === 0, 'padded with something')
      return end
    }
    default:
      throw new Error(`pcapng: block type ${type}`)
  }
}
