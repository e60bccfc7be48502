/** MAC and IPv4 addresses as numbers: 48 and 32 bits fit a double, and compare in one step. */

export const BROADCAST_MAC = 0xffff_ffff_ffff

/** Bit 0 of the first byte: a group address (IEEE 802). */
export function isGroupMac(mac: number): boolean {
  return Math.floor(mac / 2 ** 40) % 2 === 1
}

export function macAt(bytes: Uint8Array, at: number): number {
  return u16At(bytes, at) * 2 ** 32 + u32At(bytes, at + 2)
}

export function putMac(bytes: Uint8Array, at: number, mac: number): void {
  putU16(bytes, at, Math.floor(mac / 2 ** 32))
  putU32(bytes, at + 2, mac % 2 ** 32)
}

export function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

export function u32At(bytes: Uint8Array, at: number): number {
  return ((u16At(bytes, at) << 16) | u16At(bytes, at + 2)) >>> 0
}

export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  putU16(bytes, at, value >>> 16)
  putU16(bytes, at + 2, value & 0xffff)
}

/** @throws RangeError when it is none: MAC addresses in text come from the supervisor */
export function parseMac(text: string): number {
  if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) throw new RangeError(`not a MAC address: ${text}`)
  return Number.parseInt(text.replaceAll(':', ''), 16)
}

/** “02:48:53:00:00:01”. */
export function formatMac(mac: number): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replaceAll(/..(?=.)/g, '$&:')
}

/** “10.83.0.1”, or undefined where the text is no dotted quad. */
export function parseIpv4Address(untrustedText: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(untrustedText)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export function formatIpv4Address(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}
