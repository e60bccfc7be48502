import { describe, expect, it } from 'vitest'
import { readdirSync } from 'node:fs'
import { framePage } from '../../src/portal/frame.ts'
import { SITES } from '../support/outside.ts'

const PAGES = readdirSync(new URL('../../src/portal/sites/portal/', import.meta.url)).filter((name) =>
  name.endsWith('.html'),
)

async function pageText(name: string): Promise<string> {
  const file = await SITES.file('portal', `/${name}`)
  if (file === undefined) throw new Error(`${name} is not there`)
  expect(file.type).toBe('text/html; charset=utf-8')
  return new TextDecoder().decode(file.bytes)
}

describe('a page of the reading room', () => {
  it('has a head, a bar and a foot once, and its own name in title and bar', async () => {
    for (const name of PAGES) {
      const text = await pageText(name)
      const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0
      const figures = [
        /<!doctype/g,
        /<title>/g,
        /id="bar"/g,
        /<h1>/g,
        /class="foot"/g,
        /class="here"/g,
        /<\/html>/g,
      ]
      expect([name, ...figures.map(count)]).toEqual([name, 1, 1, 1, 1, 1, 1, 1])
      expect(/<title>(.*)<\/title>/.exec(text)?.[1]).toMatch(
        name === 'index.html' ? /^The reading room$/ : /^[A-Z0-9][\w ]+ - The reading room$/,
      )
    }
  })

  it('is ASCII, so that no encoding and no cut of a segment can spoil it, and says what its file says', async () => {
    for (const name of PAGES)
      expect([name, /^[\t\n\r -~]*$/.test(await pageText(name))]).toEqual([name, true])
    expect(framePage('/story.html', '“é”')).toContain('\n&#8220;&#233;&#8221;\n')
  })

  it('leads nowhere but to what is there', async () => {
    for (const name of PAGES) {
      const targets = [...(await pageText(name)).matchAll(/(?:href|src)="(\/[^"#]*)/g)].map(
        ([, target]) => target ?? '',
      )
      expect(targets.length).toBeGreaterThan(7)
      for (const target of new Set(targets)) {
        const file = await SITES.file('portal', target.endsWith('/') ? `${target}index.html` : target)
        expect([name, target, file === undefined]).toEqual([name, target, false])
      }
    }
  })
})
