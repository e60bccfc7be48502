/** Arithmetic of sequence numbers, modulo 2³² (RFC 9293, section 3.4). */

export function plus(sequence: number, count: number): number {
  return (sequence + count) >>> 0
}

/** How far `a` lies after `b`; negative where before. */
export function after(a: number, b: number): number {
  return (a - b) | 0
}
