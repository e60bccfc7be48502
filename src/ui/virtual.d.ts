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

declare module 'virtual:notices' {
  /** Licence notices of everything shipped: the guests' packages and the page's own libraries. */
  export const notices: string
}
