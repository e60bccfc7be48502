/** Opens the page store of this browser: `snapshots/pages.hsp` of the origin private file system. Workers only. */

import type { Result } from '../../base/result.ts'
import type { DiskDirectory } from '../opfs-disk.ts'
import { openFile } from './open-file.ts'
import { PageStore } from './page-store.ts'
import type { StoreFault } from './format-error.ts'

/** A second opener, in this tab or another, gets `busy`. */
export async function openPageStore(
  root: () => Promise<DiskDirectory> = () => navigator.storage.getDirectory(),
): Promise<Result<PageStore, StoreFault>> {
  const file = await openFile('snapshots', 'pages.hsp', root)
  if (!file.ok) return file
  const { handle, isKept } = file.value
  const store = await PageStore.open(handle, isKept)
  if (!store.ok) handle.close()
  return store
}
