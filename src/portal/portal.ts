/**
 * The in-product sites: plain pages that the build ships as files, read by the guests' browsers over the fabric. A folder of
 * `sites/` is a host: `sites/portal/index.html` is http://portal/. A page's file has what is its own; see frame.ts.
 */

/// <reference types="vite/types/importMeta.d.ts" />

import { servedFile, type ServedFile } from './served-file.ts'

const FILES: Readonly<Record<string, string>> = import.meta.glob('./sites/**/*.{html,css,png,jpg,txt}', {
  query: '?url',
  import: 'default',
  eager: true,
})

export const sites: readonly string[] = [
  ...new Set(Object.keys(FILES).flatMap((file) => file.split('/')[2] ?? [])),
]

/** Undefined: there is no such file, or it cannot be had now. */
export async function siteFile(host: string, path: string): Promise<ServedFile | undefined> {
  const url = FILES[`./sites/${host}${path}`]
  if (url === undefined) return undefined
  const response = await fetch(new URL(url, self.location.href))
  if (!response.ok) return undefined
  return servedFile(host, path, new Uint8Array(await response.arrayBuffer()))
}
