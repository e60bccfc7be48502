/**
 * The service worker: keeps the whole product, so that it works offline after the first visit. Files under assets/
 * carry their content's hash in their name, so a kept one is never stale; the page itself comes from the network first.
 *
 * The build puts the list of files in place of the marker below; the cache is named by the list's hash.
 */
const { version, files } = /* BUILD_LIST */ { version: '', files: [''] }
const NAME = `hyperspace-${version}`
const KEPT = { cacheName: NAME }
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a service worker's global scope is not a window
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self))

/** Addresses of the files of this version. */
const OWN = new Set(files.map((file) => new URL(file, worker.registration.scope).href))

/**
 * Many servers answer with `Vary: Origin`. Module scripts and styles are fetched with an Origin, what the cache fetches for
 * itself is not: compared by that header nothing would be found again, although every file is the same for all. The content goes
 * as a blob, which stays in the browser's process: as a stream each 64 KiB of it would pass through this thread.
 * @param {Response} response
 */
async function keepable(response) {
  const kept = new Headers(response.headers)
  kept.delete('vary')
  const { status, statusText } = response
  return new Response(await response.blob(), { status, statusText, headers: kept })
}

/** @param {Cache} cache @param {string} file */
async function add(cache, file) {
  const response = await fetch(file)
  if (!response.ok) throw new TypeError(`${file}: HTTP ${response.status}`)
  await cache.put(file, await keepable(response))
}

/**
 * What is kept is found without this worker, and a page comes from the network while it starts: it takes a tenth of a second
 * or more to start, which each visit would begin with. Browsers without such routes ask it.
 * @param {ExtendableEvent} event
 */
async function route(event) {
  if (!('addRoutes' in event) || typeof event.addRoutes !== 'function') return
  const pathname = new URL('assets/*', worker.registration.scope).pathname
  await event.addRoutes([
    { condition: { urlPattern: new URLPattern({ pathname }), requestMethod: 'get' }, source: KEPT },
    { condition: { requestMode: 'navigate' }, source: 'race-network-and-fetch-handler' },
  ])
}

/**
 * A kept file that turned out damaged was forgotten by the page: the one that comes in its place is kept again.
 * @param {Request} request
 */
async function fetchAndKeep(request) {
  const response = await fetch(request)
  if (response.ok && OWN.has(request.url)) {
    const copy = response.clone()
    // On a full disk nothing is kept; the person has what was fetched.
    await caches
      .open(NAME)
      .then(async (cache) => cache.put(request, await keepable(copy)))
      .catch(() => undefined)
  }
  return response
}

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => Promise.all(['./', ...files].map((file) => add(cache, file))))
      .then(() => route(event))
      .then(() => worker.skipWaiting()),
  )
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith('hyperspace-') && name !== NAME)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => worker.clients.claim()),
  )
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return
  // A reload that bypasses caches is a person's way out of a damaged file.
  if (request.cache === 'reload' || request.cache === 'no-store') return
  if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(async () => (await caches.match('./', KEPT)) ?? Response.error()))
    return
  }
  event.respondWith(caches.match(request, KEPT).then((kept) => kept ?? fetchAndKeep(request)))
})
