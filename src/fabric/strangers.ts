/**
 * Addresses that a port's guest spoke with and does not have: what a switch that believes frames would have learned. Ours
 * carries none of them; they are kept for people to see, a few a port, and forgotten when they have been silent.
 */

import { macAt, u32At } from './packets/address.ts'
import { ETHERNET_HEADER, EtherType, etherType, sourceMac } from './packets/ipv4.ts'

/** The ageing time of a bridge's table (IEEE 802.1D, section 7.9.2). Milliseconds. */
export const AGEING_MS = 300_000

/** Of one port: a guest that forges thousands fills nothing. */
export const MOST_STRANGERS = 8

const ARP_SENDER_MAC = ETHERNET_HEADER + 8
const ARP_SENDER = ETHERNET_HEADER + 14
const IPV4_SOURCE = ETHERNET_HEADER + 12

export type Stranger = { readonly mac: number; readonly address: number; readonly at: number }

export class Strangers {
  /** The latest last. */
  readonly #heard = new Map<string, Stranger>()

  /** A frame that was refused since its sender is not who it says. */
  note(untrustedFrame: Uint8Array, now: number): void {
    const { mac, address } = claimed(untrustedFrame)
    const key = `${mac} ${address}`
    this.#heard.delete(key)
    this.#heard.set(key, { mac, address, at: now })
    if (this.#heard.size <= MOST_STRANGERS) return
    for (const oldest of this.#heard.keys()) {
      this.#heard.delete(oldest)
      break
    }
  }

  list(now: number): Stranger[] {
    for (const [key, { at }] of this.#heard) if (now - at > AGEING_MS) this.#heard.delete(key)
    return [...this.#heard.values()]
  }
}

function claimed(frame: Uint8Array): { readonly mac: number; readonly address: number } {
  const type = etherType(frame)
  if (type === EtherType.arp && frame.length >= ARP_SENDER + 4) {
    return { mac: macAt(frame, ARP_SENDER_MAC), address: u32At(frame, ARP_SENDER) }
  }
  const hasAddress = type === EtherType.ipv4 && frame.length >= IPV4_SOURCE + 4
  return { mac: sourceMac(frame), address: hasAddress ? u32At(frame, IPV4_SOURCE) : 0 }
}
