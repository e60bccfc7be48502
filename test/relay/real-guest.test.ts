/** A real guest reaches a real TCP service through the policy, the gateway and the relay. */

import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { RelaySocket } from '../../src/fabric/relay/wisp.ts'
import type { NetworkReport } from '../../src/protocol/network.ts'
import { startRelay } from '../../src/relay/relay.mjs'
import { allVolumes, RealMachine, realHandOff } from '../hypercore/real-machine.ts'

/** The name is the relay's to resolve; the guest gets a stand-in for it. */
const SERVICE = 'service.example'

/** A service that says what it has read, in capitals, and ends. */
async function service(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', (bytes) => socket.end(`heard ${bytes.toString().trim().toUpperCase()}\n`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function relayOf(machine: RealMachine): NetworkReport['relay'] {
  const event = machine.events.findLast(({ type }) => type === 'network')
  return event?.type === 'network' ? event.report.relay : undefined
}

it('a guest speaks to a service by name where the policy allows it, and to nothing where it does not', async () => {
  const port = await service()
  const relay = await startRelay({
    port: 0,
    allowPrivate: true,
    resolve: (host) =>
      host === SERVICE ? Promise.resolve('127.0.0.1') : Promise.reject(new Error('no such host')),
  })
  onTestFinished(() => relay.close())
  const relayUrl = `ws://127.0.0.1:${relay.port}/`
  const given = await realHandOff({ memoryBudgetMiB: 512, volumes: allVolumes() })
  await using machine = await RealMachine.powerOn(
    { ...given, settings: { ...given.settings, relayUrl, appliances: {} } },
    {
      outside: {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts in use are the browser's
        openSocket: (url) => new WebSocket(url, { origin: 'http://localhost' }) as unknown as RelaySocket,
      },
    },
  )
  await machine.on('primary', 'start')
  await machine.ready('primary')
  await machine.until('the relay', () => (relayOf(machine)?.state === 'connected' ? true : undefined))
  await machine.run('primary', 'until ip route | grep -q default; do sleep 0.2; done')
  const speak = (host: string, to: number): Promise<string> =>
    machine.run('primary', `echo hello | nc -w 20 ${host} ${to}; echo status-$?`)
  expect(await speak(SERVICE, port)).toContain('heard HELLO')
  expect(await machine.run('primary', `nslookup ${SERVICE}`)).toMatch(/Address: 198\.1[89]\./)
  // The relay finds no such host: an end, and nothing said.
  expect(await speak('nobody.example', port)).not.toContain('heard')

  await machine.call({ name: 'setPolicy', args: { text: 'primary gateway * allow\n* * * deny\n' } })
  expect(await speak(SERVICE, port)).toMatch(/status-1/)

  await machine.call({ name: 'setPolicy', args: { text: 'primary * * allow\n' } })
  await relay.close()
  await machine.until('the loss', () => (relayOf(machine)?.state === 'lost' ? true : undefined))
  expect(await speak(SERVICE, port)).not.toContain('heard')
  await machine.until('the refusal', () => (relayOf(machine)?.state === 'unreachable' ? true : undefined))
})
