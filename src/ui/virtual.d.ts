/** Modules that the build computes (src/build). */

declare module 'virtual:hypercore-size' {
  /** The supervisor's own code: lines without blanks and comments, bytes after minification. */
  export const size: {
    readonly lines: number
    readonly minifiedBytes: number
    readonly files: readonly {
      readonly file: string
      readonly lines: number
      readonly minifiedBytes: number
    }[]
  }
}

declare module 'virtual:goldens' {
  /** The list of golden snapshots, for the firmware to check. */
  export const goldens: unknown
  /** By the name of a file in that list, where it is. */
  export const goldenUrls: Readonly<Record<string, string>>
}

declare module 'virtual:notices' {
  /** Licence notices of everything shipped: the guests' packages and the page's own libraries. */
  export const notices: string
}
