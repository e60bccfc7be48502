/**
 * The disks that outlive their domains: exported, imported, reset, measured. All but the measuring is done while the
 * domain is off, since the image of a disk in use is of no single instant; and a domain does not start meanwhile.
 */

import { assertNever } from '../base/assert.ts'
import { err, ok, type Result } from '../base/result.ts'
import { fault, type Fault } from '../protocol/fault.ts'
import type { CallRequest } from '../protocol/supervisor.ts'
import { sizeOf, type DiskFiles } from '../storage/overlay/disk-files.ts'
import type { StoreFault } from '../storage/pages/format-error.ts'
import type { Transfers } from './broker/transfers.ts'
import type { Domain } from './domain.ts'
import { keptDisk } from './kept-disk.ts'

export type DiskCall = Extract<CallRequest, { name: 'exportDisk' | 'importDisk' | 'resetDisk' | 'diskUsage' }>

/** What it needs of the supervisor around it. */
export type DisksHost = {
  readonly transfers: Transfers
  log(text: string, domain: Domain): void
  /** Its disk holds something else now: no state of its memory fits it any more. */
  changed(domain: Domain): void
}

export class Disks {
  readonly #files: DiskFiles
  /** Domains whose disks are in work, and what is done. */
  readonly #inWork = new Map<string, string>()
  readonly #host: DisksHost

  constructor(files: DiskFiles, host: DisksHost) {
    this.#files = files
    this.#host = host
  }

  /** Whether the domain may start, as far as its disk is concerned. */
  free({ id, name }: Domain): Result<void, Fault> {
    const work = this.#inWork.get(id)
    if (work === undefined) return ok(undefined)
    return err(fault('illegal-state', `${name}: its disk is being ${work}; wait until that is done.`))
  }

  /** A person who chooses a file again is told that it is not as it was. */
  async tellWhatIsKept(domain: Domain): Promise<void> {
    const disk = keptDisk(domain.identity)
    const usage = disk && (await this.#files.usage(disk))
    if (!usage?.ok || usage.value.storedBytes === 0) return
    const size = `${Math.ceil(usage.value.storedBytes / 1024)} KiB`
    this.#host.log(
      `${domain.name}: goes on with the changes to this image that are kept here, ${size}.`,
      domain,
    )
  }

  async call(domain: Domain, call: DiskCall): Promise<Result<unknown, Fault>> {
    const disk = keptDisk(domain.identity)
    if (disk === undefined) return err(fault('illegal-state', `${domain.name} has no disk that outlives it.`))
    const totalBytes = sizeOf(disk)
    switch (call.name) {
      case 'diskUsage':
        return inWords(await this.#files.usage(disk))
      case 'exportDisk':
        return this.#working(domain, 'exported', async () =>
          this.#host.transfers.watched(
            { what: 'disk', source: domain.id, destination: 'host', file: `${domain.id}.img`, totalBytes },
            async (watch) => inWords(await this.#files.export(disk, watch)),
          ),
        )
      case 'importDisk': {
        const { file } = call.args
        const name = file instanceof File ? file.name : `${domain.id}.img`
        return this.#working(domain, 'replaced', async () =>
          this.#host.transfers.watched(
            { what: 'disk', source: 'host', destination: domain.id, file: name, totalBytes },
            async (watch) => inWords(await this.#files.import(disk, file, watch)),
          ),
        )
      }
      case 'resetDisk':
        return this.#working(domain, 'reset', async () => inWords(await this.#files.reset(disk)))
      default:
        return assertNever(call)
    }
  }

  async #working(
    domain: Domain,
    work: string,
    action: () => Promise<Result<Blob | void, Fault>>,
  ): Promise<Result<Blob | void, Fault>> {
    if (domain.live)
      return err(
        fault('illegal-state', `Shut ${domain.name} down first: its disk is in use and cannot be ${work}.`),
      )
    const free = this.free(domain)
    if (!free.ok) return free
    this.#inWork.set(domain.id, work)
    try {
      const done = await action()
      if (done.ok) this.#host.log(`${domain.name}: its disk was ${work}.`, domain)
      if (done.ok && work !== 'exported') this.#host.changed(domain)
      return done
    } finally {
      this.#inWork.delete(domain.id)
    }
  }
}

function inWords<T>(result: Result<T, StoreFault>): Result<T, Fault> {
  if (result.ok) return result
  const { name, message } = result.error
  return err(fault(name === 'FormatError' ? 'malformed' : 'failed', message))
}
