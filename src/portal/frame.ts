/**
 * The frame around every page of the reading room: head, bar, foot. A page's file holds what is its own; the frame is put
 * around it when it is served, by the same code in the product and in tests.
 */

/** In the bar's order; the label is the page's title, too. */
const PAGES: readonly (readonly [path: string, label: string])[] = [
  ['/', 'Home'],
  ['/story.html', '2007'],
  ['/after.html', 'What became of it'],
  ['/machine.html', 'This machine'],
  ['/network.html', 'This network'],
  ['/manual.html', 'Manual'],
  ['/lab.html', 'Laboratory'],
]

const NAME = 'The reading room'

/** `path`: of the file, “/index.html”. Any other host’s page has a frame of its own. */
export function framePage(path: string, content: string): string {
  const here = path === '/index.html' ? '/' : path
  const label = PAGES.find(([page]) => page === here)?.[1]
  const title = here === '/' || label === undefined ? NAME : `${label} - ${NAME}`
  const bar = PAGES.map(
    ([page, name]) => `<a href="${page}"${page === here ? ' class="here"' : ''}>${name}</a>`,
  ).join('')
  return ascii(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<div id="bar"><div><b>${NAME}</b>${bar}</div></div>
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
