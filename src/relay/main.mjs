/**
 * `npm run relay`: starts the relay and says how to use it. Further origins are given as arguments; `--allow-private` lets
 * guests reach private addresses and this computer's own services, too, for a laboratory.
 */

import { startRelay } from './relay.mjs'

/** The one that firmware setup offers (src/firmware/settings.ts). */
const PORT = 6001

const ALLOW_PRIVATE = '--allow-private'
const given = process.argv.slice(2)
const origins = given.filter((argument) => !argument.startsWith('--'))
const unknown = given.find((argument) => argument.startsWith('--') && argument !== ALLOW_PRIVATE)
const allowPrivate = given.includes(ALLOW_PRIVATE)

if (unknown !== undefined) {
  console.error(`There is no ${unknown}. npm run relay -- [${ALLOW_PRIVATE}] [origin ...]`)
  process.exit(2)
}

try {
  await startRelay({ port: PORT, origins, allowPrivate })
  console.log(`The relay listens on ws://127.0.0.1:${PORT}/, on this computer alone.

Pages of http://localhost and http://127.0.0.1 may use it${origins.length > 0 ? `, and of ${origins.join(', ')}` : ''}.
In the machine: F2 while it starts, Boot, Network relay. Guests then reach every public TCP service that
their policy allows; ${
    allowPrivate
      ? 'and every address of your own network and of this computer, since you said --allow-private'
      : 'addresses of your own network stay closed (--allow-private opens them)'
  }. Ctrl+C ends it.`)
} catch (error) {
  console.error(
    error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      ? `Port ${PORT} is taken. Perhaps the relay runs already.`
      : error,
  )
  process.exit(1)
}
