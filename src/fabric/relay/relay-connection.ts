/** Joins a guest's connection and a relay's stream: what one reads, the other writes, until both have ended. */

import type { RelayStream } from '../environment.ts'
import type { TcpConnection } from '../tcp/connection.ts'

/** @throws (rejects) where either breaks; both are closed then */
export async function relayConnection(
  connection: Pick<TcpConnection, 'read' | 'write' | 'end' | 'abort'>,
  stream: RelayStream,
): Promise<void> {
  const outwards = async (): Promise<void> => {
    for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read())
      await stream.write(bytes)
  }
  const inwards = async (): Promise<void> => {
    for (let bytes = await stream.read(); bytes !== undefined; bytes = await stream.read())
      await connection.write(bytes)
    // WISP has no half-closed streams: the other side's end is the end.
    connection.end()
  }
  // A guest that has ended its side may still be answered; one whose connection broke is not.
  outwards().catch(() => stream.close())
  try {
    await inwards()
  } catch (error) {
    connection.abort()
    throw error
  } finally {
    stream.close()
  }
}
