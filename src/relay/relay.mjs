/**
 * An optional relay for people who want the real web in their guests: TCP streams over one WebSocket, by the WISP
 * protocol, version 1 (its packets are drawn in src/fabric/relay/wisp.ts). It listens on this computer alone, for pages of
 * known origins alone, and connects to public addresses alone: a guest gets the Internet, not the person's own network,
 * unless the person says otherwise.
 *
 * Plain JavaScript, so that Node runs it as it is.
 */

import { lookup as systemLookup } from 'node:dns/promises'
import { BlockList, connect, isIPv4 } from 'node:net'
import { WebSocketServer } from 'ws'

const Type = { connect: 1, data: 2, continue: 3, close: 4 }
const TCP = 1

/** Reasons of a close packet. */
const Reason = {
  voluntary: 2,
  network: 3,
  invalid: 0x41,
  unreachable: 0x42,
  timeout: 0x43,
  refused: 0x44,
  throttled: 0x49,
}

/** Data packets a client may send ahead on a stream; a packet has 16 KiB at most, so 2 MiB. */
const CREDIT = 128
const MOST_STREAMS = 256
const MOST_PACKET_BYTES = 65_536
/** Bytes waiting for the page, beyond which a stream's socket is not read. */
const MOST_WAITING = 1 << 20
const CONNECT_MS = 15_000

const NOT_PUBLIC = new BlockList()
for (const [network, bits] of /** @type {const} */ ([
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
]))
  NOT_PUBLIC.addSubnet(network, bits, 'ipv4')

/** @param {string} address */
export function isPublicAddress(address) {
  return isIPv4(address) && !NOT_PUBLIC.check(address, 'ipv4')
}

/**
 * Whether a page of this origin may use the relay: any of this computer's own servers, and those that were named.
 *
 * @param {string | undefined} origin
 * @param {readonly string[]} allowed
 */
export function isAllowedOrigin(origin, allowed) {
  if (origin === undefined || !URL.canParse(origin)) return false
  const { protocol, hostname } = new URL(origin)
  if (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return true
  return allowed.includes(origin)
}

/**
 * @typedef {object} RelayOptions
 * @property {number} port 0: any that is free
 * @property {readonly string[]} [origins] further origins whose pages may connect
 * @property {(host: string) => Promise<string>} [resolve] a host name's IPv4 address; for tests
 * @property {boolean} [allowPrivate] private addresses, too, and this computer's own: for a laboratory
 */

/**
 * Starts the relay. Rejects where the port is taken.
 *
 * @param {RelayOptions} options
 * @returns {Promise<{ readonly port: number; close(): Promise<void> }>}
 */
export function startRelay(options) {
  const { origins = [], allowPrivate = false } = options
  const mayReach = allowPrivate ? isIPv4 : isPublicAddress
  const resolve =
    options.resolve ??
    (async (/** @type {string} */ host) => (await systemLookup(host, { family: 4 })).address)
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: options.port,
    maxPayload: MOST_PACKET_BYTES,
    verifyClient: (/** @type {{ origin: string | undefined }} */ { origin }) =>
      isAllowedOrigin(origin, origins),
  })
  server.on('connection', (socket) => new Session(socket, resolve, mayReach))
  return new Promise((settle, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      const address = server.address()
      settle({
        port: typeof address === 'object' && address !== null ? address.port : options.port,
        close: () =>
          new Promise((closed) => {
            for (const client of server.clients) client.terminate()
            server.close(() => closed())
          }),
      })
    })
  })
}

/** One page's WebSocket and its streams. */
class Session {
  /** @type {Map<number, { readonly socket: import('node:net').Socket | undefined; owed: number }>} */
  #streams = new Map()
  #socket
  #resolve
  #mayReach

  /**
   * @param {import('ws').WebSocket} socket
   * @param {(host: string) => Promise<string>} resolve
   * @param {(address: string) => boolean} mayReach
   */
  constructor(socket, resolve, mayReach) {
    this.#socket = socket
    this.#resolve = resolve
    this.#mayReach = mayReach
    socket.binaryType = 'nodebuffer'
    socket.on('message', (data) => {
      if (Buffer.isBuffer(data)) this.#hear(data)
    })
    // What went wrong is followed by “close”.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      for (const { socket: stream } of this.#streams.values()) stream?.destroy()
      this.#streams.clear()
    })
    this.#continue(0, CREDIT)
  }

  /** @param {Buffer} untrustedPacket */
  #hear(untrustedPacket) {
    if (untrustedPacket.length < 5) return
    const type = untrustedPacket.readUInt8(0)
    const id = untrustedPacket.readUInt32LE(1)
    const payload = untrustedPacket.subarray(5)
    if (type === Type.connect) void this.#connect(id, payload)
    else if (type === Type.data) this.#data(id, payload)
    else if (type === Type.close) {
      this.#streams.get(id)?.socket?.destroy()
      this.#streams.delete(id)
    }
  }

  /**
   * @param {number} id
   * @param {Buffer} payload
   */
  async #connect(id, payload) {
    const host = payload.subarray(3).toString('utf8')
    if (id === 0 || this.#streams.has(id)) return
    if (payload.length < 4 || payload.readUInt8(0) !== TCP || !/^[a-z0-9._-]{1,253}$/i.test(host))
      return this.#close(id, Reason.invalid)
    if (this.#streams.size >= MOST_STREAMS) return this.#close(id, Reason.throttled)
    const port = payload.readUInt16LE(1)
    // Known from now on: what comes for it while the name is looked up waits in the socket that is made here.
    const waiting = { socket: undefined, owed: 0 }
    this.#streams.set(id, waiting)
    /** @type {Buffer[]} */
    const early = []
    this.#early.set(id, early)
    let address
    try {
      address = isIPv4(host) ? host : await this.#resolve(host)
    } catch {
      // The resolver's words are not for guests; that there is no such host is.
      address = undefined
    }
    this.#early.delete(id)
    if (this.#streams.get(id) !== waiting) return undefined
    // The address that was looked at is the one connected to: a name cannot change its mind in between.
    if (address === undefined || !this.#mayReach(address)) return this.#close(id, Reason.unreachable)
    this.#open(id, address, port, early)
    return undefined
  }

  /** @type {Map<number, Buffer[]>} */
  #early = new Map()

  /**
   * @param {number} id
   * @param {string} address
   * @param {number} port
   * @param {readonly Buffer[]} early
   */
  #open(id, address, port, early) {
    const socket = connect({ host: address, port, noDelay: true })
    this.#streams.set(id, { socket, owed: 0 })
    socket.setTimeout(CONNECT_MS, () => {
      if (socket.connecting) this.#end(id, socket, Reason.timeout)
    })
    socket.on('connect', () => socket.setTimeout(0))
    socket.on('data', (bytes) => {
      this.#send(Type.data, id, bytes)
      if (this.#socket.bufferedAmount <= MOST_WAITING) return
      socket.pause()
      this.#resumeLater(socket)
    })
    socket.on('end', () => this.#end(id, socket, Reason.voluntary))
    socket.on('error', (error) =>
      this.#end(
        id,
        socket,
        'code' in error && error.code === 'ECONNREFUSED' ? Reason.refused : Reason.network,
      ),
    )
    for (const bytes of early) this.#data(id, bytes)
  }

  /** @param {import('node:net').Socket} socket */
  #resumeLater(socket) {
    const timer = setTimeout(() => {
      if (socket.destroyed) return
      if (this.#socket.bufferedAmount <= MOST_WAITING / 2) socket.resume()
      else this.#resumeLater(socket)
    }, 10)
    timer.unref()
  }

  /**
   * @param {number} id
   * @param {Buffer} bytes
   */
  #data(id, bytes) {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    if (stream.socket === undefined) {
      const early = this.#early.get(id)
      if (early !== undefined && early.length < CREDIT) early.push(Buffer.from(bytes))
      return
    }
    stream.socket.write(bytes, () => {
      // Told in halves: a packet for each would double the traffic.
      stream.owed += 1
      if (stream.owed < CREDIT / 2 || this.#streams.get(id) !== stream) return
      stream.owed = 0
      this.#continue(id, CREDIT / 2)
    })
  }

  /**
   * @param {number} id
   * @param {import('node:net').Socket} socket
   * @param {number} reason
   */
  #end(id, socket, reason) {
    socket.destroy()
    if (this.#streams.get(id)?.socket === socket) this.#close(id, reason)
  }

  /**
   * @param {number} id
   * @param {number} reason
   */
  #close(id, reason) {
    this.#streams.delete(id)
    this.#send(Type.close, id, Buffer.of(reason))
  }

  /**
   * @param {number} id
   * @param {number} credit
   */
  #continue(id, credit) {
    const payload = Buffer.alloc(4)
    payload.writeUInt32LE(credit)
    this.#send(Type.continue, id, payload)
  }

  /**
   * @param {number} type
   * @param {number} id
   * @param {Buffer} payload
   */
  #send(type, id, payload) {
    const head = Buffer.alloc(5)
    head.writeUInt8(type)
    head.writeUInt32LE(id, 1)
    this.#socket.send(Buffer.concat([head, payload]))
  }
}
