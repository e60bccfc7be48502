/** Browser entry of a reader: see reader.ts. */

import { readFile, type ReadReply, type ReadRequest } from './file-reading.ts'

declare const self: DedicatedWorkerGlobalScope

async function read({ id, ...file }: ReadRequest): Promise<ReadReply> {
  try {
    return { kind: 'read', id, file: await readFile(file) }
  } catch (error) {
    return { kind: 'failed', id, message: error instanceof Error ? error.message : String(error) }
  }
}

self.onmessage = ({ data }: MessageEvent<ReadRequest>) =>
  void read(data).then((reply) => self.postMessage(reply))
