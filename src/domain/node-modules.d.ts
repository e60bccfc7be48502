/** The few calls of Node's own modules that node-worker.ts uses; this runtime's compiler settings know no Node. */

declare module 'node:worker_threads' {
  export const parentPort: {
    postMessage(message: unknown, transfer: readonly unknown[]): void
    on(event: 'message', listener: (message: never) => void): void
  } | null
  export const workerData: unknown
}

declare module 'node:process' {
  const process: { on(event: 'uncaughtException', listener: (error: unknown) => void): void }
  export default process
}
