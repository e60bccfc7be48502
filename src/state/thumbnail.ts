/** The picture that goes along with a snapshot. */

import type { DomainId } from '../protocol/domain.ts'
import { MAX_THUMBNAIL_BYTES } from '../protocol/snapshot.ts'

/** Pixels; the list shows half of it, so that it stays sharp on a dense screen. */
const THUMBNAIL = { width: 256, height: 160 }

/** What the stage shows of it, small; empty where nothing is drawn yet. */
export async function thumbnailOf(
  stage: { screenshot(id: DomainId): Promise<Blob> },
  id: DomainId,
): Promise<Uint8Array<ArrayBuffer>> {
  let picture: ImageBitmap
  try {
    picture = await createImageBitmap(await stage.screenshot(id))
  } catch {
    // A domain that has drawn nothing, or a browser that cannot: the snapshot matters more than its picture.
    return new Uint8Array()
  }
  const canvas = new OffscreenCanvas(THUMBNAIL.width, THUMBNAIL.height)
  const context = canvas.getContext('2d')
  if (context === null) return new Uint8Array()
  const scale = Math.min(THUMBNAIL.width / picture.width, THUMBNAIL.height / picture.height)
  const [width, height] = [picture.width * scale, picture.height * scale]
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, (THUMBNAIL.width - width) / 2, (THUMBNAIL.height - height) / 2, width, height)
  picture.close()
  const blob = await canvas.convertToBlob({ type: 'image/png' })
  const bytes = new Uint8Array(await blob.arrayBuffer())
  return bytes.length > MAX_THUMBNAIL_BYTES ? new Uint8Array() : bytes
}
