/** The product's Content Security Policy: a meta tag in the built page, and a header where we serve it ourselves. */

import type { Plugin } from 'vite'

/**
 * `wasm-unsafe-eval` lets WebAssembly compile and nothing else be evaluated. Styles are `unsafe-inline` because
 * xterm.js writes its theme into style elements of its own. Everything else comes from this origin.
 */
const DIRECTIVES = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
]

export const CONTENT_SECURITY_POLICY = DIRECTIVES.join('; ')

/**
 * Of a response's header, which binds the workers as well: HyperCore's fetches pages of the world for guests, and speaks
 * to a relay. The page itself keeps to its meta tag, which is stricter; both hold there.
 */
export const SERVED_CONTENT_SECURITY_POLICY = DIRECTIVES.map((directive) =>
  directive.startsWith('connect-src')
    ? `${directive} https: wss: ws://127.0.0.1:* ws://localhost:*`
    : directive,
).join('; ')

/** Writes the policy into the built page; the development server needs inline scripts and goes without. */
export function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  }
}
