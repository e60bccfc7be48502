/**
 * The frame around every page of the in-product sites: head, bar, foot. A page's file holds what is its own; the frame is put
 * around it when it is served, by the same code in the product and in tests.
 */

type Page = readonly [path: string, label: string]

type Site = {
  readonly name: string
  /** In the bar's order; the label is the page's title, too. */
  readonly pages: readonly Page[]
}

const READING_ROOM = {
  name: 'The reading room',
  pages: [
    ['/', 'Home'],
    ['/story.html', '2007'],
    ['/after.html', 'What became of it'],
    ['/machine.html', 'This machine'],
    ['/network.html', 'This network'],
    ['/manual.html', 'Manual'],
    ['/lab.html', 'Laboratory'],
  ],
} as const satisfies Site

/** By host. */
const SITES: Readonly<Record<string, Site>> = {
  portal: READING_ROOM,
  museum: {
    name: 'The museum',
    pages: [
      ['/', 'Entrance'],
      ['/hypervisors.html', 'Sixty years'],
      ['/exits.html', 'Leaving the guest'],
      ['/firmware.html', 'Before the system'],
    ],
  },
  hypercalls: {
    name: 'Hypercalls',
    pages: [
      ['/', 'Calls'],
      ['/wire.html', 'On the wire'],
      ['/answers.html', 'Answers'],
    ],
  },
}

/** `path`: of the file, “/index.html”. */
export function framePage(host: string, path: string, content: string): string {
  const { name, pages } = SITES[host] ?? READING_ROOM
  const here = path === '/index.html' ? '/' : path
  const label = pages.find(([page]) => page === here)?.[1]
  const title = here === '/' || label === undefined ? name : `${label} - ${name}`
  const link = ([page, words]: Page): string =>
    `<a href="${page}"${page === here ? ' class="here"' : ''}>${words}</a>`
  const isFirst = name === READING_ROOM.name
  const links = [...pages.map(link), ...(isFirst ? [] : ['<a href="http://portal/">Reading room</a>'])]
  // Without styles, as in a text browser, words would run together.
  const bar = links.map((each) => `<i> | </i>${each}`).join('')
  return ascii(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<link rel="stylesheet" href="${isFirst ? '' : 'http://portal'}/style.css">
</head>
<body>
<div id="bar"><div><b>${name}</b>${bar}</div></div>
<div id="page">
${content.trim()}
<p class="foot">
Served from inside the page to the guests of this machine. Written for HyperSpace, under its licence
(BSD-2-Clause); not affiliated with Phoenix.
</p>
</div>
</body>
</html>
`)
}

/**
 * With character references in place of what is beyond ASCII: a page that is the same bytes in every encoding can be
 * misread by no browser, wherever a segment cuts it and whatever it believes of the encoding.
 */
function ascii(html: string): string {
  return html.replaceAll(/[^\t\n\r -~]/gu, (character) => `&#${character.codePointAt(0) ?? 0xfffd};`)
}
