/**
 * The hypercall ABI, version 1: frames between a guest's agent and the supervisor over the guest's virtio console
 * (/dev/hvc0), little endian.
 *
 * ```
 *  0        4      6      8            12
 *  ┌────────┬──────┬──────┬────────────┬─────────────────┐
 *  │ "HVC1" │ type │  0   │ length     │ payload ≤ 64 KiB│
 *  └────────┴──────┴──────┴────────────┴─────────────────┘
 * ```
 * Strings in a payload are a u16 byte length and UTF-8.
 */

export const AGENT_ABI = 1
export const AGENT_MAGIC = 0x31435648
export const AGENT_HEADER_BYTES = 12
export const AGENT_MAX_PAYLOAD = 65_536

/** A guest may send so much in a quarter second, a file of 4 MiB or a thousand calls a second, and is held back beyond. */
export const AGENT_FRAMES_PER_TURN = 256
export const AGENT_BYTES_PER_TURN = 1024 * 1024

/** Guest → host. */
export const GuestFrame = {
  /** u16 abi, string agent version, string role. */
  hello: 1,
  /** Empty: userland has reached its first screen. */
  ready: 2,
  /** u32 call id, u16 number, u16 count, then so many strings. */
  call: 3,
  /** u8: 0 power off, 1 reboot. The guest has synced and is about to halt. */
  goodbye: 4,
  /** u32 nonce. */
  pong: 5,
  /**
   * Empty: all that does not depend on the second disk is up, and the guest waits for `resumed` before it goes on. Sent
   * where `CHECKPOINT_WORD` is on the kernel's command line and the role has such a disk.
   */
  checkpoint: 6,
  /** u32 ask id, u16 status as of a reply, then bytes to the end: the result, or one line of words. */
  answer: 7,
} as const

/** Host → guest. */
export const HostFrame = {
  /** u16 abi, string domain name, string supervisor version. */
  welcome: 0x81,
  /** u32 call id, u16 status, then text to the end. */
  reply: 0x82,
  /** u16 columns, u16 rows. */
  resize: 0x83,
  /** u8: 0 power off, 1 reboot. */
  shutdown: 0x84,
  /** u64 Unix time in ms, 6 bytes MAC, string hostname, u16 length and entropy bytes. */
  resumed: 0x85,
  /** u32 nonce. */
  ping: 0x86,
  /** u32 ask id, u16 operation (`AskOperation`), u16 count, then so many times u16 length and bytes. Answered exactly once. */
  ask: 0x87,
  /** u16 width, u16 height: the size of the guest's screen from now on (protocol/screen.ts). */
  screen: 0x88,
} as const

/**
 * What the supervisor asks of a guest's agent; numbers in arguments are decimal. A file comes in as
 * begin, data …, end; what is not ended leaves nothing behind. `serve` runs the guest's own program
 * /etc/hyperspace/serve/SERVICE and answers with what it printed.
 */
export const AskOperation = {
  /** transfer, name, total bytes. */
  putBegin: 1,
  /** transfer, offset, at most `ASK_MAX_BYTES` bytes. */
  putData: 2,
  /** transfer. Answers the path of the file, which is new: none is overwritten. */
  putEnd: 3,
  /** transfer. */
  putAbort: 4,
  /** transfer, path. Answers the size. */
  getOpen: 5,
  /** transfer, offset, count of at most `ASK_MAX_BYTES`. Answers bytes; none: the end. */
  getData: 6,
  /** transfer. */
  getClose: 7,
  /** service, arguments. */
  serve: 8,
} as const

export type AskName = keyof typeof AskOperation

/** Bytes of a file in one frame. */
export const ASK_MAX_BYTES = 32_768

export const HypercallNumber = {
  info: 1,
  list: 2,
  stats: 3,
  log: 4,
  start: 5,
  pause: 6,
  resume: 7,
  shutdown: 8,
  kill: 9,
  focus: 10,
  snapshot: 11,
  clone: 12,
  cap: 13,
  policy: 14,
  console: 15,
  send: 16,
  clip: 17,
  vault: 18,
  newIdentity: 19,
} as const

export type HypercallName = keyof typeof HypercallNumber

export const HypercallStatus = {
  ok: 0,
  malformed: 1,
  forbidden: 2,
  failed: 3,
  'not-implemented': 4,
  'no-such-domain': 5,
  'illegal-state': 6,
  'over-budget': 7,
} as const

/** On a kernel's command line: this boot is for a golden snapshot. */
export const CHECKPOINT_WORD = 'hs.checkpoint'
