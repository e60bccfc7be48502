/** The hypercall ABI in words, for the page that shows it. The types of agent.ts see to it that nothing is left out. */

import type { AskName, GuestFrame, HostFrame, HypercallName, HypercallStatus } from './agent.ts'

export type CallEntry = {
  /** As `hv` takes them. */
  readonly arguments: string
  /** `management`: the one domain that may act on others. */
  readonly who: 'every guest' | 'management'
  readonly does: string
}

export const CALL_REFERENCE: Readonly<Record<HypercallName, CallEntry>> = {
  info: {
    arguments: '',
    who: 'every guest',
    does: 'Who the caller is, its limits, and the supervisor’s version.',
  },
  list: { arguments: '', who: 'management', does: 'Every domain: name, state, memory, cap and weight.' },
  stats: {
    arguments: '[DOMAIN]',
    who: 'management',
    does: 'The measured figures of the last quarter second. “hv top” shows them live.',
  },
  log: {
    arguments: 'TEXT',
    who: 'every guest',
    does: 'A line in the supervisor’s journal, with the caller’s name before it; 400 characters, 20 lines a second.',
  },
  start: { arguments: 'DOMAIN', who: 'management', does: 'Power on.' },
  pause: { arguments: 'DOMAIN', who: 'management', does: 'The vCPU stands still.' },
  resume: { arguments: 'DOMAIN', who: 'management', does: 'It runs again.' },
  shutdown: {
    arguments: 'DOMAIN',
    who: 'management',
    does: 'The guest’s agent is asked to end it; answered when it is off.',
  },
  kill: { arguments: 'DOMAIN', who: 'management', does: 'Its worker is terminated; the guest is not asked.' },
  newIdentity: {
    arguments: 'DOMAIN',
    who: 'management',
    does: 'A disposable is killed and starts clean, from its golden state; refused for what keeps anything.',
  },
  focus: {
    arguments: 'DOMAIN',
    who: 'management',
    does: 'Asks for the stage; the page follows unless the person said otherwise or looks at the vault.',
  },
  snapshot: { arguments: 'DOMAIN [NAME]', who: 'management', does: 'Keeps its present state.' },
  clone: { arguments: 'DOMAIN', who: 'management', does: 'A second machine in the same state.' },
  cap: {
    arguments: 'DOMAIN PERCENT',
    who: 'management',
    does: 'The most of one core that it gets, 1 to 100 percent.',
  },
  policy: {
    arguments: '[log]',
    who: 'management',
    does: 'The policy’s lines with their numbers, or its decisions. It is changed in the console alone.',
  },
  console: {
    arguments: 'DOMAIN [LINES]',
    who: 'management',
    does: 'The end of its serial console; the vault’s is refused.',
  },
  send: {
    arguments: 'FILE DOMAIN',
    who: 'every guest',
    does:
      'A copy into the other domain’s inbox, up to 64 MiB; the policy’s service “file” decides. On the wire: domain, name, ' +
      'offset, total, base64 of at most 24 KiB; each piece is answered when the receiver has written it. “cancel” in ' +
      'place of the offset gives it up.',
  },
  clip: {
    arguments: 'get | set TEXT',
    who: 'every guest',
    does: 'The person’s clipboard, 32 KiB: set is an offer, get asks; the policy’s service “clip” decides first.',
  },
  vault: {
    arguments: 'get NAME | list | sign SHA256 FILE | pubkey',
    who: 'every guest',
    does:
      'A secret or a signature of the vault, for the caller alone; the policy’s services “secret” and “sign” decide, and ' +
      'they ask the person. Only the hash of a file goes to the vault, and its key never leaves it.',
  },
}

export const STATUS_REFERENCE: Readonly<Record<keyof typeof HypercallStatus, string>> = {
  ok: 'Done; the text is the answer.',
  malformed: 'Not understood: an unknown number, wrong arguments, a field out of its range.',
  forbidden: 'Understood and refused, by the table of who may call, by the policy, or by the person.',
  failed: 'Understood, allowed, and it went wrong; the text says how.',
  'not-implemented': 'The number is taken and nothing is behind it yet.',
  'no-such-domain': 'No domain has this id.',
  'illegal-state': 'Not in the present state: pausing what is paused, a secret of a locked vault.',
  'over-budget': 'More memory, size or calls at a time than there is room for.',
}

export type FrameEntry = { readonly payload: string; readonly means: string }

export const GUEST_FRAME_REFERENCE: Readonly<Record<keyof typeof GuestFrame, FrameEntry>> = {
  hello: { payload: 'u16 ABI, string agent version, string role', means: 'An agent is there. First.' },
  ready: { payload: 'empty', means: 'Userland has reached its first screen.' },
  call: { payload: 'u32 call, u16 number, u16 count, strings', means: 'A hypercall; at most 16 arguments.' },
  goodbye: { payload: 'u8: 0 power off, 1 reboot', means: 'It has synced and is about to halt.' },
  pong: { payload: 'u32 nonce', means: 'The answer to a ping.' },
  checkpoint: {
    payload: 'empty',
    means: 'All that needs no disk of its own is up; it waits for “resumed” before it goes on.',
  },
  answer: {
    payload: 'u32 ask, u16 status, bytes to the end',
    means: 'The answer to an ask: its result, or one line of words.',
  },
}

export const HOST_FRAME_REFERENCE: Readonly<Record<keyof typeof HostFrame, FrameEntry>> = {
  welcome: {
    payload: 'u16 ABI, string domain name, string supervisor version',
    means: 'The answer to hello.',
  },
  reply: { payload: 'u32 call, u16 status, text to the end', means: 'The one answer to a call.' },
  resize: { payload: 'u16 columns, u16 rows', means: 'The console’s window has another size.' },
  shutdown: { payload: 'u8: 0 power off, 1 reboot', means: 'End, in order.' },
  resumed: {
    payload: 'u64 Unix time in ms, 6 bytes MAC, string host name, string of entropy',
    means:
      'This machine goes on from a stored state: set the clock, the address, the name, and mix in new randomness.',
  },
  ping: { payload: 'u32 nonce', means: 'Still there?' },
  ask: {
    payload: 'u32 ask, u16 operation, u16 count, strings of bytes',
    means: 'The supervisor wants something of the guest’s agent.',
  },
  screen: {
    payload: 'u16 width, u16 height',
    means: 'The screen has this size from now on: 640×480 to 1920×1088, the width a multiple of 8.',
  },
}

export const ASK_REFERENCE: Readonly<Record<AskName, FrameEntry>> = {
  putBegin: { payload: 'transfer, name, total', means: 'A file comes; refused where there is no room.' },
  putData: { payload: 'transfer, offset, bytes', means: 'Its next piece, at most 32 KiB.' },
  putEnd: {
    payload: 'transfer',
    means: 'It is whole and gets its name; answers the path. None is overwritten.',
  },
  putAbort: { payload: 'transfer', means: 'It is given up; nothing stays.' },
  getOpen: { payload: 'transfer, path', means: 'A file is to go out; answers its size.' },
  getData: { payload: 'transfer, offset, count', means: 'Answers its bytes; none at the end.' },
  getClose: { payload: 'transfer', means: 'Enough of it.' },
  serve: {
    payload: 'service, arguments',
    means: 'Runs the guest’s own /etc/hyperspace/serve/SERVICE and answers what it prints.',
  },
}
