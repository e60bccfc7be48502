/** `npm run relay`: starts the relay and says how to use it. Further origins are given as arguments. */

import { startRelay } from './relay.mjs'

/** The one that firmware setup offers (src/firmware/settings.ts). */
const PORT = 6001

const origins = process.argv.slice(2)

try {
  await startRelay({ port: PORT, origins })
  console.log(`The relay listens on ws://127.0.0.1:${PORT}/, on this computer alone.

Pages of http://localhost and http://127.0.0.1 may use it${origins.length > 0 ? `, and of ${origins.join(', ')}` : ''}.
In the machine: F2 while it starts, Boot, Network relay. Guests then reach every public TCP service that
their policy allows; addresses of your own network stay closed. Ctrl+C ends it.`)
} catch (error) {
  console.error(
    error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      ? `Port ${PORT} is taken. Perhaps the relay runs already.`
      : error,
  )
  process.exit(1)
}
