/** The few calls of Node's own modules that node-files.ts and service/node-worker.ts use; this runtime's compiler settings know no Node. */

declare module 'node:worker_threads' {
  export const parentPort: {
    postMessage(message: unknown, transfer: readonly unknown[]): void
    on(event: 'message', listener: (message: never) => void): void
  } | null
  export const workerData: unknown
}

declare module 'node:fs' {
  export function mkdirSync(path: string, options: { recursive: boolean }): void
  export function existsSync(path: string): boolean
  export function readFileSync(path: string): Uint8Array<ArrayBuffer>
  export function rmSync(path: string): void
  export function openSync(path: string, flags: string): number
  export function closeSync(file: number): void
  export function fstatSync(file: number): { size: number }
  export function ftruncateSync(file: number, bytes: number): void
  export function fsyncSync(file: number): void
  export function readSync(file: number, to: Uint8Array, offset: number, length: number, at: number): number
  export function writeSync(
    file: number,
    from: Uint8Array,
    offset: number,
    length: number,
    at: number,
  ): number
}

declare module 'node:path' {
  export function join(...parts: string[]): string
}
