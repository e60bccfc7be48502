/**
 * Takes the golden snapshot of every appliance: boots each in the product's own machine up to its bake point and writes
 * its state into the cache, where the build finds it. What has not changed since the last time is not baked again.
 */

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { APPLIANCES } from '../appliances/definitions.ts'
import { encodeStateFile } from '../machine/state-file.ts'
import { bakePlan, readFlash, type BakePlan } from './plan.ts'
import { bakeStates, type Baked } from './bake.ts'
import { sitesIn } from './site-files.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SITES = sitesIn(join(root, 'src/portal/sites'))
const cache = join(root, 'node_modules/.cache/goldens')

/** Counts up when files of an earlier bake are no longer to be taken. */
const FORMAT = 2

/** gzip at 6: 9 is half a per cent smaller and takes twice as long; 1 is a twentieth larger. */
const GZIP_LEVEL = 6

/** What the list of goldens says of one; firmware/golden-manifest.ts reads it. */
type Entry = {
  readonly appliance: string
  readonly file: string
  readonly size: number
  readonly sha256: string
  readonly machine: BakePlan['machine']
  readonly stage: 'ready' | 'checkpoint'
  readonly blankDisk: boolean
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Of everything of ours that has a part in a state: a change in any of it bakes anew. */
function codeHash(): string {
  const hash = createHash('sha256')
  for (const folder of ['src/machine', 'src/bake', 'src/fabric', 'src/portal']) {
    for (const name of readdirSync(join(root, folder), { recursive: true }).map(String).toSorted())
      if (statSync(join(root, folder, name)).isFile())
        hash.update(name).update(readFileSync(join(root, folder, name)))
  }
  for (const file of ['libv86.mjs', 'v86.wasm'])
    hash.update(readFileSync(join(root, 'node_modules/v86/build', file)))
  return hash.digest('hex')
}

function packed(
  { appliance, machine }: BakePlan,
  { state, stage, blankDisk, surroundings }: Baked,
): { readonly bytes: Uint8Array; readonly entry: Entry } {
  const bytes = gzipSync(encodeStateFile(state, surroundings), { level: GZIP_LEVEL })
  const file = `${appliance}${blankDisk ? '-blank' : ''}.golden`
  const entry = { appliance, file, size: bytes.length, sha256: sha256(bytes), machine, stage, blankDisk }
  return { bytes, entry }
}

/** What is older and not of this bake is cleared away; younger is perhaps another bake's, that still needs it. */
const STALE_MS = 3_600_000

function clearStale(appliance: string): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name)
    if (name.startsWith(`${appliance}-`) && Date.now() - statSync(path).mtimeMs > STALE_MS)
      rmSync(path, { recursive: true, force: true })
  }
}

/** Whoever bakes the same at the same time may have been quicker: then there is nothing left to do. */
function moveInto(folder: string, finished: string): void {
  try {
    renameSync(finished, folder)
  } catch (error) {
    if (!existsSync(join(folder, 'entry.json'))) throw error
    rmSync(finished, { recursive: true })
  }
}

function folderOf(plan: BakePlan, code: string): string {
  const key = sha256(JSON.stringify([FORMAT, code, plan.machine, plan.parts])).slice(0, 16)
  return join(cache, `${plan.appliance}-${key}`)
}

/** Bakes `plan`, or takes what an earlier bake of the same made. */
async function bake(plan: BakePlan, engine: WebAssembly.Module, folder: string): Promise<readonly Entry[]> {
  const noted = join(folder, 'entry.json')
  if (existsSync(noted)) {
    const now = new Date()
    utimesSync(folder, now, now)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written below; the firmware checks it
    return JSON.parse(readFileSync(noted, 'utf8')) as readonly Entry[]
  }
  const startedAt = performance.now()
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  const entries = (await bakeStates(plan, engine, SITES)).map((baked) => {
    const { bytes, entry } = packed(plan, baked)
    writeFileSync(join(unfinished, entry.file), bytes)
    return entry
  })
  writeFileSync(join(unfinished, 'entry.json'), JSON.stringify(entries))
  clearStale(plan.appliance)
  moveInto(folder, unfinished)
  const what = entries.map(({ size, stage }) => `${stage} ${(size / 2 ** 20).toFixed(1)} MiB`).join(', ')
  console.log(`Baked ${plan.appliance} in ${Math.round(performance.now() - startedAt)} ms: ${what}`)
  return entries
}

/** Writes `list.json`: the goldens in the form that the firmware reads, and where each file is. */
export async function main(): Promise<void> {
  mkdirSync(cache, { recursive: true })
  const wasm = readFileSync(join(root, 'node_modules/v86/build/v86.wasm'))
  const engine = await WebAssembly.compile(wasm)
  const engineSha256 = sha256(wasm)
  const code = codeHash()
  const flash = readFlash(join(root, 'images'))
  const goldens: Entry[] = []
  const files: Record<string, string> = {}
  // One by one: guests that boot beside each other take longer, and the machine has other things to do.
  for (const definition of APPLIANCES) {
    const plan = await bakePlan(flash, definition, engineSha256)
    const folder = folderOf(plan, code)
    const entries = await bake(plan, engine, folder)
    // At its first screen it has the bake's own disk in its caches, which is nobody's.
    if (plan.spec.hdb !== undefined && !entries.some(({ blankDisk }) => blankDisk))
      console.log(`${plan.appliance} has no checkpoint before its disk: it boots instead.`)
    else {
      goldens.push(...entries)
      for (const { file } of entries) files[file] = join(folder, file)
    }
  }
  const list = { list: { format: 'hyperspace-goldens', version: 1, goldens }, files }
  const unfinished = join(cache, `list.json.${process.pid}`)
  writeFileSync(unfinished, JSON.stringify(list))
  renameSync(unfinished, join(cache, 'list.json'))
}
