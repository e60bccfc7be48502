/** The gateway's own pages: what did not work, why, and what a person can do. Plain HTML for a plain browser. */

import type { HttpResponse } from './http-response.ts'

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request was not understood',
  404: 'There is no such page',
  405: 'This gateway only reads',
  413: 'The request is too large',
  431: 'The request is too long',
  501: 'The request needs what this gateway has not',
}

const WORDS: Readonly<Record<number, string>> = {
  400: 'What arrived is no HTTP request that this gateway can read.',
  404: 'The site has no page at this address.',
  405: 'Pages can be fetched (GET and HEAD). Nothing can be sent to a site without a relay.',
  413: 'More than one megabyte was sent along, and nobody here would read it.',
  431: 'A request line with its headers has 16 kilobytes at most.',
  501: 'A body in chunks cannot be sent through this gateway.',
}

/** A page for a status that needs no more words. */
export function pageFor(status: number): HttpResponse {
  return page(status, TITLES[status] ?? 'That did not work', `<p>${WORDS[status] ?? 'No more is known.'}</p>`)
}

/** `content` is HTML of ours; what comes from outside is escaped before it gets here. */
export function page(status: number, title: string, content: string): HttpResponse {
  const html = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<style>
body { margin: 0; background: #f4f2ee; color: #1d1f24; font-family: sans-serif; line-height: 1.5 }
.bar { height: 8px; background: #b4462f }
.page { width: 640px; margin: 48px auto }
h1 { font-size: 26px; line-height: 1.25 }
code { font-family: monospace; background: #e6e2da; padding: 1px 4px }
.from { margin-top: 40px; padding-top: 12px; border-top: 1px solid #cfc9bd; color: #6a6a6a; font-size: 13px }
</style></head>
<body><div class="bar"></div><div class="page"><h1>${title}</h1>
${content}
<p class="from">This page was written by the gateway of the machine, not by the site that was asked for.
<a href="http://portal/">Back to the portal</a></p></div></body></html>
`
  return {
    status,
    headers: [
      ['Content-Type', 'text/html; charset=utf-8'],
      ['Cache-Control', 'no-store'],
    ],
    body: new TextEncoder().encode(html),
  }
}

export function escapeHtml(untrustedText: string): string {
  return untrustedText.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
