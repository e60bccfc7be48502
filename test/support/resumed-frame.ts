/** What a supervisor tells a guest that goes on from a state: the payload of `HostFrame.resumed`. */

export type NewSelf = { readonly unixMs: number; readonly mac: string; readonly hostname: string }

export function resumedPayload({ unixMs, mac, hostname }: NewSelf): Uint8Array {
  const name = new TextEncoder().encode(hostname)
  const payload = new Uint8Array(8 + 6 + 2 + name.length + 2 + 32)
  const fields = new DataView(payload.buffer)
  fields.setBigUint64(0, BigInt(unixMs), true)
  payload.set(
    mac.split(':').map((part) => Number.parseInt(part, 16)),
    8,
  )
  fields.setUint16(14, name.length, true)
  payload.set(name, 16)
  fields.setUint16(16 + name.length, 32, true)
  crypto.getRandomValues(payload.subarray(18 + name.length))
  return payload
}
