/** What the network's capture tells the page: one line a frame, and how much of it is held. */

export type PacketDirection = 'from-guest' | 'to-guest'

/** One captured frame, decoded to a line. Its text is printable ASCII, whatever the frame held. */
export type PacketSummary = {
  /** From 1, since the capture was last emptied. */
  readonly number: number
  /** Milliseconds since 1970, with a fraction. */
  readonly at: number
  /** The domain at whose port it was seen. */
  readonly port: string
  readonly direction: PacketDirection
  /** Its length on the wire, without FCS. */
  readonly bytes: number
  /** An IPv4 address where it has one, a MAC otherwise. */
  readonly source: string
  readonly destination: string
  /** The innermost protocol that was recognised. */
  readonly protocol: string
  readonly info: string
  /** Why the switch did not carry it. */
  readonly dropped: string | undefined
}

export type CapturePort = {
  readonly id: string
  readonly mac: string
  /** IPv4. */
  readonly address: string
}

export type CaptureReport = {
  readonly recording: boolean
  /** Frames that a download would hold now, and their bytes. */
  readonly packets: number
  readonly bytes: number
  /** Frames seen since the capture was last emptied; the oldest give way where it is full. */
  readonly seen: number
  readonly ports: readonly CapturePort[]
}

/** start: goes on with what is held. clear: empties it; recording goes on or not as before. */
export type CaptureAct = 'start' | 'stop' | 'clear'
