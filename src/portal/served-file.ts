/** A file of the in-product sites as a guest gets it: with its type, and a page in its frame. */

import { framePage } from './frame.ts'
import { mediaType } from './media-type.ts'

export type ServedFile = { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> }

export function servedFile(host: string, path: string, bytes: Uint8Array<ArrayBuffer>): ServedFile {
  const type = mediaType(path)
  if (!path.endsWith('.html')) return { type, bytes }
  const page = framePage(host, path, new TextDecoder().decode(bytes))
  return { type, bytes: new TextEncoder().encode(page) }
}
