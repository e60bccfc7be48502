/**
 * Who has which address.
 *
 * ```
 * 10.83.0.0/16         the fabric
 *   10.83.0.1          the gateway: ARP, DHCP, DNS, ping, NTP, and the way out
 *   10.83.0.2          the in-product sites
 *   10.83.M.10 …       guests of machine M (1–250, drawn at power on), so that machines joined by a trunk differ
 * 198.18.0.0/15        stand-ins for names of the world outside (RFC 2544 keeps these out of the Internet)
 * ```
 */

export const SUBNET = 0x0a53_0000
export const SUBNET_MASK = 0xffff_0000
export const GATEWAY_ADDRESS = SUBNET + 1
export const PORTAL_ADDRESS = SUBNET + 2

/** Locally administered, “HSG”, and zeros: no guest gets it. */
export const GATEWAY_MAC = 0x0248_5347_0000

/** For host names: `web.hyperspace.internal` (ICANN keeps .internal for private use). */
export const DOMAIN_NAME = 'hyperspace.internal'

const FIRST_HOST = 10
const LAST_HOST = 250
const MACHINES = 250

export function drawMachineNumber(): number {
  return 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % MACHINES)
}

export function isOnSubnet(address: number): boolean {
  return (address & SUBNET_MASK) >>> 0 === SUBNET
}

/** The machine of a guest's address; 0: it is no guest's. */
export function machineOf(address: number): number {
  return isOnSubnet(address) ? (address >>> 8) & 255 : 0
}

/** The lowest address of machine `machine` that is not in use; undefined: there is none left. */
export function freeAddress(machine: number, used: ReadonlySet<number>): number | undefined {
  for (let host = FIRST_HOST; host <= LAST_HOST; host++) {
    const address = SUBNET + machine * 256 + host
    if (!used.has(address)) return address
  }
  return undefined
}

/** Outside the fabric, and one machine's: neither this network, loopback, group, broadcast nor reserved (RFC 6890). */
export function isWorldAddress(address: number): boolean {
  const first = address >>> 24
  return first !== 0 && first !== 127 && first < 224 && !isOnSubnet(address)
}

const STAND_IN_BASE = 0xc612_0000
/** Names a guest may have asked for; the oldest gives way. A browser's page names a few dozen. */
const MOST_STAND_INS = 1024

/** One guest's names of the world, each with an address of its own; per guest, so that none learns what another asked. */
export class StandIns {
  readonly #byName = new Map<string, number>()
  readonly #byAddress = new Map<number, string>()
  #next = 1

  addressOf(name: string): number {
    const known = this.#byName.get(name)
    if (known !== undefined) {
      this.#byName.delete(name)
      this.#byName.set(name, known)
      return known
    }
    if (this.#byName.size >= MOST_STAND_INS) {
      const [oldest] = this.#byName
      if (oldest !== undefined) {
        this.#byName.delete(oldest[0])
        this.#byAddress.delete(oldest[1])
      }
    }
    // 131,070 of them before one comes again.
    const address = STAND_IN_BASE + this.#next
    this.#next = (this.#next % 0x1_fffe) + 1
    this.#byName.set(name, address)
    this.#byAddress.set(address, name)
    return address
  }

  /** Undefined: nobody has asked for a name with this address. */
  nameOf(address: number): string | undefined {
    return this.#byAddress.get(address)
  }

  static covers(address: number): boolean {
    return (address & 0xfffe_0000) >>> 0 === STAND_IN_BASE
  }
}
