/** A file of the person's as a raw image: what it is, unpacked where it is packed. */

import { err, ok, type Result } from '../../base/result.ts'
import { HEAD_BYTES, packingOf, sniff, type Packing, type Sniffed } from '../../state/own-image/sniff.ts'
import { unpack, UnpackError } from '../../state/own-image/unpack.ts'

export type ReadImage = Sniffed & { readonly raw: Blob; readonly packing: Packing }

type Options = {
  /** Called when it turns out that the file is packed, and then with how many of its bytes are read. */
  readonly progress: (doneBytes: number) => void
  readonly signal: AbortSignal
}

async function headOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())
}

/** The error is a sentence for the person. Rejects when `signal` was aborted. */
export async function readImage(
  file: Blob,
  { progress, signal }: Options,
): Promise<Result<ReadImage, string>> {
  let head: Uint8Array
  try {
    head = await headOf(file)
  } catch (error) {
    return err(`The file cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  const packing = packingOf(head)
  let raw = file
  if (packing !== 'none') {
    progress(0)
    try {
      raw = await unpack(file, packing, { progress, signal })
    } catch (error) {
      if (error instanceof UnpackError) return err(error.message)
      throw error
    }
    head = await headOf(raw)
  }
  const found = sniff(head, raw.size)
  return found.ok ? ok({ ...found.value, raw, packing }) : found
}
