import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Wisp, type RelaySocket } from '../../src/fabric/relay/wisp.ts'
import { isAllowedOrigin, isPublicAddress, startRelay } from '../../src/relay/relay.mjs'

const cleanups: (() => Promise<unknown> | void)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** A TCP server on this computer, as a service of the world. */
async function world(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A relay that may reach this computer, and a client that stands where the fabric does. */
async function relayed(allowPrivate = true): Promise<Wisp> {
  const relay = await startRelay({
    port: 0,
    allowPrivate,
    resolve: (host) =>
      host === 'service.example' ? Promise.resolve('127.0.0.1') : Promise.reject(new Error('no such host')),
  })
  cleanups.push(() => relay.close())
  return new Wisp(() => {
    const socket = new WebSocket(`ws://127.0.0.1:${relay.port}/`, { origin: 'http://localhost:4173' })
    cleanups.push(() => socket.terminate())
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts in use are the browser's
    return socket as unknown as RelaySocket
  })
}

async function readAll(read: () => Promise<Uint8Array | undefined>): Promise<number[]> {
  const all: number[] = []
  for (let bytes = await read(); bytes !== undefined; bytes = await read()) all.push(...bytes)
  return all
}

describe('the relay', () => {
  it('carries several streams both ways, whole, to names and addresses', async () => {
    const port = await world((socket) => socket.pipe(socket))
    const wisp = await relayed()
    const payload = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) & 255)
    await Promise.all(
      ['service.example', '127.0.0.1', 'service.example'].map(async (host) => {
        const stream = wisp.connect(host, port)
        const heard: number[] = []
        const listening = (async () => {
          while (heard.length < payload.length) {
            const bytes = await stream.read()
            if (bytes === undefined) return
            for (const byte of bytes) heard.push(byte)
          }
        })()
        await stream.write(payload)
        await listening
        expect(heard.length).toBe(payload.length)
        expect(Buffer.from(heard).equals(payload)).toBe(true)
        stream.close()
      }),
    )
  })

  it('ends a stream where the service does, and where there is none', async () => {
    const port = await world((socket) => socket.end('goodbye'))
    const wisp = await relayed()
    const stream = wisp.connect('service.example', port)
    expect(Buffer.from(await readAll(() => stream.read())).toString()).toBe('goodbye')
    const nobody = wisp.connect('nobody.example', 80)
    expect(await nobody.read()).toBeUndefined()
    await expect(nobody.write(new Uint8Array(1))).rejects.toThrow('ended')
  })

  it('connects to public addresses alone', async () => {
    const port = await world((socket) => socket.end('secret'))
    const wisp = await relayed(false)
    for (const host of ['127.0.0.1', 'service.example', 'localhost'])
      expect(await wisp.connect(host, port).read()).toBeUndefined()
    expect(isPublicAddress('93.184.216.34')).toBe(true)
    for (const address of [
      '10.1.2.3',
      '192.168.0.1',
      '172.31.0.1',
      '169.254.1.1',
      '100.100.0.1',
      '0.0.0.0',
      '::1',
    ])
      expect([address, isPublicAddress(address)]).toEqual([address, false])
  })

  it('listens to pages of this computer and of named origins alone', async () => {
    for (const origin of ['http://localhost:4173', 'http://127.0.0.1:1', 'https://named.example'])
      expect([origin, isAllowedOrigin(origin, ['https://named.example'])]).toEqual([origin, true])
    for (const origin of [undefined, 'null', 'https://evil.example', 'https://localhost.evil.example'])
      expect([origin, isAllowedOrigin(origin, ['https://named.example'])]).toEqual([origin, false])
    const relay = await startRelay({ port: 0 })
    cleanups.push(() => relay.close())
    const refused = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${relay.port}/`, { origin: 'https://evil.example' })
      socket.on('error', (error) => resolve(error.message))
      socket.on('open', () => resolve('open'))
    })
    expect(refused).toContain('401')
  })

  it('outlives what is no packet', async () => {
    const port = await world((socket) => socket.end('still here'))
    const relay = await startRelay({
      port: 0,
      allowPrivate: true,
      resolve: () => Promise.resolve('127.0.0.1'),
    })
    cleanups.push(() => relay.close())
    const socket = new WebSocket(`ws://127.0.0.1:${relay.port}/`, { origin: 'http://localhost' })
    cleanups.push(() => socket.terminate())
    await new Promise((resolve) => socket.on('open', resolve))
    for (let length = 0; length < 40; length++)
      for (const type of [0, 1, 2, 3, 4, 255])
        socket.send(Uint8Array.from({ length }, (_, index) => (index === 0 ? type : (index * 37) & 255)))
    const heard = new Promise<string>((resolve) => {
      let text = ''
      socket.on('message', (data) => {
        if (!Buffer.isBuffer(data) || data.readUInt8(0) !== 2) return
        text += data.subarray(5).toString()
        if (text.includes('still here')) resolve(text)
      })
    })
    const name = Buffer.from('service.example')
    socket.send(Buffer.concat([Buffer.of(1, 9, 9, 9, 9, 1, port & 255, port >> 8), name]))
    expect(await heard).toBe('still here')
  })
})
