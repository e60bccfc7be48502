/** A domain's disk as the product exports it, on this side of the browser: a sparse file, looked at by e2fsprogs. */

import { spawnSync } from 'node:child_process'
import { closeSync, constants, copyFileSync, openSync, truncateSync, writeSync } from 'node:fs'
import type { Page } from 'playwright-core'

declare global {
  var exported: Blob
}

/** Of the image, at once. */
const SLICE = 32 * 2 ** 20

/** Saves the disk of `id` to `file`; its holes stay holes. */
export async function saveDisk(page: Page, id: string, file: string): Promise<void> {
  const size = await page.evaluate(async (id) => {
    globalThis.exported = await globalThis.hypercore.exportDisk(id)
    return globalThis.exported.size
  }, id)
  const out = openSync(file, 'w')
  for (let at = 0; at < size; at += SLICE) {
    const { offsets, pieceBytes, base64 } = await page.evaluate(
      async ([at, length]) => {
        const pieceBytes = 2 ** 14
        const bytes = await globalThis.exported.slice(at, at + length).arrayBuffer()
        const words = new Uint32Array(bytes)
        const filled: number[] = []
        const isZero = (from: number): boolean => {
          for (let word = from / 4; word < (from + pieceBytes) / 4; word += 1)
            if ((words[word] ?? 0) !== 0) return false
          return true
        }
        for (let from = 0; from < bytes.byteLength; from += pieceBytes) if (!isZero(from)) filled.push(from)
        const parts = filled.map(
          (from) => new Uint8Array(bytes, from, Math.min(pieceBytes, bytes.byteLength - from)),
        )
        const reader = new FileReader()
        const read = new Promise((resolve) => {
          reader.onloadend = resolve
        })
        reader.readAsDataURL(new Blob(parts))
        await read
        const base64 = typeof reader.result === 'string' ? reader.result.replace(/^[^,]*,/, '') : ''
        return { offsets: filled.map((from) => at + from), pieceBytes, base64 }
      },
      [at, SLICE] as const,
    )
    const bytes = Buffer.from(base64, 'base64')
    for (const [index, offset] of offsets.entries()) {
      const piece = bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes)
      writeSync(out, piece, 0, piece.length, offset)
    }
  }
  closeSync(out)
  truncateSync(file, size)
}

function tool(name: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (error !== undefined)
    throw new Error(`this test needs ${name}, of the package e2fsprogs: ${error.message}`)
  return { status, output: stdout + stderr }
}

/**
 * The lines of a file on an ext4 image of a disk that lost its power: its journal is still to be replayed, as any mount
 * would do first. @throws Error where that needs a person, or leaves anything to be found
 */
export function linesOnDisk(image: string, path: string): string[] {
  const copy = `${image}.copy`
  copyFileSync(image, copy, constants.COPYFILE_FICLONE)
  // 1: put right without a question.
  const replayed = tool('e2fsck', '-p', copy)
  if (replayed.status !== 0 && replayed.status !== 1) throw new Error(replayed.output)
  const checked = tool('e2fsck', '-fn', copy)
  if (checked.status !== 0) throw new Error(checked.output)
  return tool('debugfs', '-R', `cat ${path}`, copy).output.split('\n')
}
