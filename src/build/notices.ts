/** Gathers the licences of everything shipped: npm packages from node_modules, guest software from images/LICENSES. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

const MODULE = 'virtual:notices'

export type PackageNotice = {
  readonly name: string
  readonly version: string
  readonly licence: string
  readonly text: string
}

type LockFile = {
  packages: Record<string, { version?: string; dev?: boolean; license?: string; optional?: boolean }>
}

/** Every production package of the lock file with its licence text. Throws when one ships none. */
export function packageNotices(root: string): PackageNotice[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own lock file, in the form that npm writes
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path.startsWith('node_modules/') && entry.dev !== true)
    .map(([path, entry]) => {
      const folder = join(root, path)
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      const files = existsSync(folder) ? readdirSync(folder) : []
      const licenceFile = files.find((file) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(file))
      const text =
        licenceFile === undefined
          ? `(${entry.license ?? 'no licence named'})`
          : readFileSync(join(folder, licenceFile), 'utf8')
      return { name, version: entry.version ?? '?', licence: entry.license ?? 'see text', text: text.trim() }
    })
}

/** One plain text of all notices. */
export function noticesText(root: string): string {
  const guest = join(root, 'images/LICENSES/NOTICES.txt')
  const rule = '─'.repeat(78)
  const parts = [
    'HyperSpace ships the following software of others, each under its own licence.',
    ...packageNotices(root).map(
      ({ name, version, licence, text }) => `${rule}\n${name} ${version} · ${licence}\n\n${text}`,
    ),
    ...(existsSync(guest)
      ? [
          `${rule}\nGuest images (licence texts and each package’s own notice: licences/ beside this file)\n\n${readFileSync(guest, 'utf8').trim()}`,
        ]
      : []),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Gives the text as a module, for a dynamic import, and puts it beside the page for whoever only has the folder. */
export function notices(root: string): Plugin {
  return {
    name: 'notices',
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    load: (id) =>
      id === `\0${MODULE}` ? `export const notices = ${JSON.stringify(noticesText(root))}` : undefined,
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'notices.txt', source: noticesText(root) })
      // The GPL wants its text and each package's own words to go where the binaries go.
      const folder = join(root, 'images/LICENSES')
      const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
        file.endsWith('.txt'),
      )
      for (const file of texts) {
        this.emitFile({
          type: 'asset',
          fileName: `licences/${file}`,
          source: readFileSync(join(folder, file)),
        })
      }
    },
  }
}
