/**
 * Joins the machine of another browser over WebRTC, without a server: one person makes an invitation, the other answers it,
 * and each carries a code to the other. The two then have to reach each other directly, on one network as a rule.
 */

import { createStore, type StoreApi } from 'zustand/vanilla'
import { fault, FaultError } from '../protocol/fault.ts'
import { parseTrunkMessage } from '../protocol/trunk.ts'
import { decodeTrunkCode, encodeTrunkCode, type TrunkCode } from './trunk-code.ts'

/** Bytes that wait in a channel; what comes beyond is dropped, as on any full link. */
const MOST_WAITING = 1_000_000

/** A hello with all its stations has less. */
const TEXT_LIMIT = 8192

/** Milliseconds in which a browser finds its addresses. */
const GATHERING_MS = 5000

export type PeersState = {
  /** What is under way, if anything. */
  readonly step:
    | { readonly kind: 'none' }
    | { readonly kind: 'working' }
    /** The code to carry over; an invitation then waits for the answer's. */
    | { readonly kind: 'code'; readonly of: 'offer' | 'answer'; readonly code: string }
  readonly connected: number
}

export class TrunkPeers {
  readonly store: StoreApi<PeersState> = createStore<PeersState>(() => ({
    step: { kind: 'none' },
    connected: 0,
  }))
  readonly #join: (port: MessagePort) => void
  #open: RTCPeerConnection | undefined

  /** `join` gives the supervisor its end of a link. */
  constructor(join: (port: MessagePort) => void) {
    this.#join = join
  }

  /** @throws (rejects) FaultError where the browser has no WebRTC */
  async invite(): Promise<void> {
    const connection = this.#begin()
    this.#carry(connection, connection.createDataChannel('trunk', { ordered: false, maxRetransmits: 0 }))
    await connection.setLocalDescription(await connection.createOffer())
    await this.#show(connection, 'offer')
  }

  /** Takes the code of the other person: an invitation, or the answer to ours. @throws (rejects) FaultError */
  async take(untrustedCode: string): Promise<void> {
    const code = await decodeTrunkCode(untrustedCode)
    if (!code.ok) throw new FaultError(fault('malformed', code.error))
    if (code.value.type === 'answer') await this.#takeAnswer(code.value)
    else await this.#takeOffer(code.value)
  }

  async #takeAnswer(code: TrunkCode): Promise<void> {
    const connection = this.#open
    if (connection?.signalingState !== 'have-local-offer')
      throw new FaultError(fault('illegal-state', 'This answers an invitation, and none is open here.'))
    await this.#describe(connection, code)
    this.store.setState({ step: { kind: 'working' } })
  }

  async #takeOffer(code: TrunkCode): Promise<void> {
    const connection = this.#begin()
    connection.ondatachannel = ({ channel }) => this.#carry(connection, channel)
    await this.#describe(connection, code)
    await connection.setLocalDescription(await connection.createAnswer())
    await this.#show(connection, 'answer')
  }

  /** Gives up what is under way. */
  cancel(): void {
    this.#open?.close()
    this.#open = undefined
    this.store.setState({ step: { kind: 'none' } })
  }

  #begin(): RTCPeerConnection {
    if (typeof RTCPeerConnection === 'undefined')
      throw new FaultError(fault('failed', 'This browser has no WebRTC: two browsers cannot be joined.'))
    this.cancel()
    const connection = new RTCPeerConnection({ iceServers: [] })
    this.#open = connection
    this.store.setState({ step: { kind: 'working' } })
    return connection
  }

  async #describe(connection: RTCPeerConnection, code: TrunkCode): Promise<void> {
    try {
      await connection.setRemoteDescription(code)
    } catch {
      this.cancel()
      throw new FaultError(fault('malformed', 'The browser does not accept this code.'))
    }
  }

  async #show(connection: RTCPeerConnection, of: 'offer' | 'answer'): Promise<void> {
    await gathered(connection)
    const sdp = connection.localDescription?.sdp
    if (this.#open !== connection || sdp === undefined) return
    const code = await encodeTrunkCode({ type: of, sdp })
    this.store.setState({ step: { kind: 'code', of, code } })
  }

  #carry(connection: RTCPeerConnection, channel: RTCDataChannel): void {
    channel.binaryType = 'arraybuffer'
    channel.addEventListener('open', () => {
      if (this.#open === connection) this.#open = undefined
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = ({ data }: MessageEvent<unknown>) => send(channel, data)
      channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        const message = fromWire(data)
        if (message !== undefined) port1.postMessage(message)
      })
      channel.addEventListener('close', () => {
        port1.postMessage(null)
        port1.close()
        connection.close()
        this.store.setState(({ connected }) => ({ connected: connected - 1 }))
      })
      this.store.setState(({ connected }) => ({ step: { kind: 'none' }, connected: connected + 1 }))
      this.#join(port2)
    })
  }
}

/** No server is asked, so that it is soon done; a browser that never says so is not waited for. */
function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_MS)
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState !== 'complete') return
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Packets as they are, everything else as JSON. */
function send(channel: RTCDataChannel, message: unknown): void {
  const known = parseTrunkMessage(message)
  if (known === undefined || channel.readyState !== 'open' || channel.bufferedAmount > MOST_WAITING) return
  if (known.kind === 'packet') channel.send(known.bytes.slice())
  else channel.send(JSON.stringify(known))
}

function fromWire(untrusted: unknown): unknown {
  if (untrusted instanceof ArrayBuffer)
    return parseTrunkMessage({ kind: 'packet', bytes: new Uint8Array(untrusted) })
  if (typeof untrusted !== 'string' || untrusted.length > TEXT_LIMIT) return undefined
  try {
    const message = parseTrunkMessage(JSON.parse(untrusted))
    return message?.kind === 'packet' ? undefined : message
  } catch {
    return undefined
  }
}
