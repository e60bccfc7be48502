/** A domain's disk as the person meets it. */

/** In a domain's description. */
export type DiskInfo = {
  readonly sizeBytes: number
  /** It outlives the tab; else it is lost when the domain ends. */
  readonly kept: boolean
  /** It is a person's file with changes over it; else it began blank. */
  readonly ofFile?: true
}

export type DiskUsage = {
  readonly sizeBytes: number
  /** What its changes take in this browser. */
  readonly storedBytes: number
  /** Of everything that this site keeps here, and of what the browser grants it; undefined where it does not say. */
  readonly originBytes: number | undefined
  readonly quotaBytes: number | undefined
}
