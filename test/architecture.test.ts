/** The direction of imports and the layout, as rules: see “Folders” in src/README.md. */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')

/** Which folders of src a folder may import, itself apart. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  firmware: ['base', 'protocol'],
  machine: ['base', 'protocol'],
  fabric: ['base', 'protocol'],
  portal: [],
  storage: ['base', 'protocol'],
  appliances: ['base', 'protocol'],
  domain: ['base', 'protocol', 'machine', 'storage'],
  hypercore: ['base', 'protocol', 'appliances', 'fabric', 'storage'],
  state: ['base', 'protocol'],
  lessons: ['base', 'protocol'],
  ui: ['base', 'protocol', 'state', 'lessons'],
  bake: ['base', 'protocol', 'appliances', 'machine', 'fabric', 'portal', 'hypercore'],
  build: [],
  relay: [],
}

/** Single files that compose what a rule keeps apart, and what they may import beyond their folder's rights. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // HyperCore gets the image composer and what opens a disk's base handed in; its browser entry is where that happens.
  'hypercore/worker.ts': ['domain/open-disk.ts', 'machine/boot-image.ts', 'portal/portal.ts'],
}

/** npm packages and the folders that may use them; one that is not listed may be used nowhere in src. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  // The composition root takes the engine's file alone, as an address.
  v86: ['machine', '.'],
  react: ['ui', '.'],
  'react-dom': ['ui', '.'],
  zustand: ['state', 'ui', '.'],
  valibot: ['firmware', 'state', 'storage'],
  'lucide-react': ['ui'],
  tinykeys: ['ui'],
  fzstd: ['state'],
  'xz-decompress': ['state'],
  '@xterm/xterm': ['ui'],
  '@xterm/addon-fit': ['ui'],
  '@xterm/addon-webgl': ['ui'],
  '@fontsource-variable/inter': ['ui', '.'],
  '@fontsource-variable/jetbrains-mono': ['ui', '.'],
  ws: ['relay'],
  vite: ['build', 'bake'],
  rolldown: ['build'],
  'playwright-core': ['build'],
}

type Import = { readonly from: string; readonly specifier: string }

export function importsOf(source: string): string[] {
  const withoutComments = source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*(?=['"]\.))(['"])([^'"\n]+)\1/g
  return [...withoutComments.matchAll(pattern)].map((match) => match[2] ?? '')
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.(ts|tsx|mjs)$/.test(file),
)

const imports: Import[] = files.flatMap((from) =>
  importsOf(readFileSync(join(src, from), 'utf8')).map((specifier) => ({ from, specifier })),
)

const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '.')

function relativeTargets(): { from: string; to: string }[] {
  return imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ from, specifier }) => ({
      from,
      to: relative(src, join(src, dirname(from), specifier.replace(/\?.*$/, ''))),
    }))
}

describe('the architecture', () => {
  it('reads the imports that the rules are about', () => {
    expect(
      importsOf(`import a, { b } from './a.ts'\nexport * from "../b.ts"\nawait import('c')\nimport 'd'`),
    ).toEqual(['./a.ts', '../b.ts', 'c', 'd'])
    expect(relativeTargets().length).toBeGreaterThan(50)
  })

  it('lets each folder import only what lies beneath it', () => {
    const violations = relativeTargets().filter(({ from, to }) => {
      const [here, there] = [folderOf(from), folderOf(to)]
      if (here === '.' || here === there || to.startsWith('..')) return false
      return !(ALLOWED[here]?.includes(there) ?? false) && !(EXCEPTIONS[from]?.includes(to) ?? false)
    })
    expect(violations).toEqual([])
  })

  it('reaches outside src from the composition root alone', () => {
    const violations = relativeTargets().filter(
      // The bake reads the repository's files from its root on.
      ({ from, to }) => to.startsWith('..') && folderOf(from) !== '.' && from !== 'bake/main.ts',
    )
    expect(violations).toEqual([])
  })

  it('uses each npm package only where it belongs', () => {
    const violations = imports.filter(({ from, specifier }) => {
      if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier.startsWith('virtual:'))
        return false
      const name = specifier.startsWith('@')
        ? specifier.split('/').slice(0, 2).join('/')
        : specifier.split('/')[0]
      const folders = PACKAGES[name ?? '']
      return !(folders?.includes(folderOf(from)) ?? false)
    })
    expect(violations.filter(({ from }) => !from.startsWith('build/'))).toEqual([])
  })

  it('uses Node’s own modules only at build time and in Node’s worker entries', () => {
    const users = imports.filter(({ specifier }) => specifier.startsWith('node:')).map(({ from }) => from)
    const entries = new Set([
      'domain/node-worker.ts',
      'storage/service/node-worker.ts',
      'storage/node-files.ts',
    ])
    expect(
      [...new Set(users)].filter((file) => !/^(?:build|bake|relay)\//.test(file) && !entries.has(file)),
    ).toEqual([])
  })

  it('has no import cycles', () => {
    const graph = new Map<string, string[]>()
    for (const { from, to } of relativeTargets()) graph.set(from, [...(graph.get(from) ?? []), to])
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      if (path.includes(file) || done.has(file)) return
      for (const next of graph.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of graph.keys()) visit(file, [])
    expect(cycles).toEqual([])
  })

  it('keeps the top level to what a reader expects there', () => {
    const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
    const top = [...new Set(tracked.map((file) => file.split('/')[0] ?? ''))].filter(
      (name) => !name.startsWith('.'),
    )
    const wanted = new Set([
      'LICENSE',
      'README.md',
      'images',
      'package-lock.json',
      'package.json',
      'src',
      'test',
      'tsconfig.json',
      'vite.config.ts',
    ])
    expect(top.filter((name) => !wanted.has(name))).toEqual([])
  })
})
