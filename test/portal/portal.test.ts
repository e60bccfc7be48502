import { describe, expect, it } from 'vitest'
import { readdirSync } from 'node:fs'
import { framePage } from '../../src/portal/frame.ts'
import {
  AGENT_BYTES_PER_TURN,
  AGENT_FRAMES_PER_TURN,
  AGENT_MAX_PAYLOAD,
  GuestFrame,
  HostFrame,
  HypercallNumber,
  HypercallStatus,
} from '../../src/protocol/agent.ts'
import { CALL_REFERENCE } from '../../src/protocol/agent-reference.ts'
import { SITES } from '../support/outside.ts'

/** As [host, file]. */
const PAGES = SITES.hosts.flatMap((host) =>
  readdirSync(new URL(`../../src/portal/sites/${host}/`, import.meta.url))
    .filter((name) => name.endsWith('.html'))
    .map((name) => [host, name] as const),
)

const NAMES: Readonly<Record<string, string>> = {
  portal: 'The reading room',
  museum: 'The museum',
  hypercalls: 'Hypercalls',
}

async function pageText(host: string, name: string): Promise<string> {
  const file = await SITES.file(host, `/${name}`)
  if (file === undefined) throw new Error(`${name} is not there`)
  expect(file.type).toBe('text/html; charset=utf-8')
  return new TextDecoder().decode(file.bytes)
}

/** The cells of each row of a page’s tables, as text. */
async function rowsOf(host: string, name: string): Promise<string[][]> {
  const text = await pageText(host, name)
  return text.split('<tr>').map((row) =>
    [...row.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].map(([, cell = '']) =>
      cell
        .replaceAll(/<[^>]*>/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ),
  )
}

describe('a page of the in-product sites', () => {
  it('has a head, a bar and a foot once, and its own name in title and bar', async () => {
    expect(new Set(PAGES.map(([host]) => host))).toEqual(new Set(Object.keys(NAMES)))
    for (const [host, name] of PAGES) {
      const text = await pageText(host, name)
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
      expect([host, name, ...figures.map(count)]).toEqual([host, name, 1, 1, 1, 1, 1, 1, 1])
      const title = /<title>(.*)<\/title>/.exec(text)?.[1] ?? ''
      expect(title).toMatch(
        new RegExp(name === 'index.html' ? `^${NAMES[host]}$` : `^[A-Z0-9][\\w ]+ - ${NAMES[host]}$`),
      )
    }
  })

  it('has a bar that reads well without styles, too', async () => {
    for (const [host, name] of PAGES) {
      const bar = /<div id="bar">([^]*?)<\/div>/.exec(await pageText(host, name))?.[1] ?? ''
      const words = bar.replaceAll(/<[^>]*>/g, '').split(' | ')
      expect([host, name, words.length - 1]).toEqual([host, name, bar.match(/<a /g)?.length])
    }
  })

  it('is ASCII, so that no encoding and no cut of a segment can spoil it, and says what its file says', async () => {
    for (const [host, name] of PAGES)
      expect([name, /^[\t\n\r -~]*$/.test(await pageText(host, name))]).toEqual([name, true])
    expect(framePage('portal', '/story.html', '“é”')).toContain('\n&#8220;&#233;&#8221;\n')
  })

  it('leads nowhere but to what is there, and the portal leads to every site', async () => {
    const hosts = new Set<string>()
    for (const [host, name] of PAGES) {
      const targets = [...(await pageText(host, name)).matchAll(/(?:href|src)="([^"#]*)/g)].map(
        ([, target = '']) => new URL(target, `http://${host}/${name}`),
      )
      expect(targets.length).toBeGreaterThan(4)
      for (const { protocol, host: site, pathname } of targets) {
        if (host === 'portal') hosts.add(site)
        const file = await SITES.file(site, pathname.endsWith('/') ? `${pathname}index.html` : pathname)
        expect([name, protocol, site, pathname, file === undefined]).toEqual([
          name,
          'http:',
          site,
          pathname,
          false,
        ])
      }
    }
    expect([...hosts].toSorted()).toEqual([...SITES.hosts].toSorted())
  })
})

describe('the pages about hypercalls', () => {
  it('list every call by its number, with its arguments and who may make it', async () => {
    const told = (await rowsOf('hypercalls', 'index.html')).flatMap(([number, call, who]) =>
      call === undefined ? [] : [[Number(number), call, who]],
    )
    const calls = Object.entries(HypercallNumber).map(([name, number]) => {
      const { arguments: taken, who } =
        Object.entries(CALL_REFERENCE).find(([call]) => call === name)?.[1] ?? {}
      return [number, `${name} ${taken ?? ''}`.trim(), who]
    })
    expect(told).toEqual(calls.toSorted(([one], [other]) => Number(one) - Number(other)))
  })

  it('list every frame and every status, and say the bounds that there are', async () => {
    const wire = await rowsOf('hypercalls', 'wire.html')
    expect(wire.flatMap(([number, name]) => (name === undefined ? [] : [[name, Number(number)]]))).toEqual([
      ...Object.entries(GuestFrame),
      ...Object.entries(HostFrame),
    ])
    const answers = await rowsOf('hypercalls', 'answers.html')
    expect(answers.flatMap(([number, name]) => (name === undefined ? [] : [[name, Number(number)]]))).toEqual(
      Object.entries(HypercallStatus),
    )
    expect([AGENT_FRAMES_PER_TURN, AGENT_BYTES_PER_TURN, AGENT_MAX_PAYLOAD]).toEqual([256, 2 ** 20, 65_536])
    expect(await pageText('hypercalls', 'wire.html')).toMatch(/256 frames and a mebibyte in a quarter/)
  })
})
