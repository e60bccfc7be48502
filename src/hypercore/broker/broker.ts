/** The broker: everything that crosses between domains, or between a domain and the person, other than network frames. */

import type { Dispose } from '../../base/disposables.ts'
import type { Result } from '../../base/result.ts'
import type { Fault } from '../../protocol/fault.ts'
import type { SupervisorEvent } from '../../protocol/supervisor.ts'
import type { Domain } from '../domain.ts'
import type { LogLevel } from '../life.ts'
import { Clip } from './clip.ts'
import { Gate, type Judges } from './gate.ts'
import { fetchFile, sendFile } from './person-files.ts'
import { Sends } from './sends.ts'
import { Transfers } from './transfers.ts'
import { VAULT, VaultBroker } from './vault.ts'

export type BrokerHost = {
  readonly judges: Judges
  domains(): readonly Domain[]
  now(): number
  after(ms: number, action: () => void): Dispose
  emit(event: SupervisorEvent): void
  log(level: LogLevel, text: string, domain: Domain): void
}

export class Broker {
  readonly sends: Sends
  readonly clip: Clip
  readonly vault: VaultBroker
  readonly #files
  readonly transfers: Transfers

  constructor(host: BrokerHost) {
    const gate = new Gate(host.judges)
    const log = (text: string, domain: Domain): void => host.log('info', text, domain)
    const after = (ms: number, action: () => void): Dispose => host.after(ms, action)
    const find = (id: string): Domain | undefined => host.domains().find((domain) => domain.id === id)
    const transfers = new Transfers({
      now: () => host.now(),
      report: (list) => host.emit({ type: 'transfers', transfers: list }),
    })
    this.transfers = transfers
    this.#files = { gate, transfers, log }
    this.sends = new Sends({ gate, transfers, log, after, find })
    this.clip = new Clip({ gate, log, after, emit: (event) => host.emit(event) })
    this.vault = new VaultBroker({ gate, log, vault: () => find(VAULT) })
  }

  sendFile(domain: Domain, name: string, content: Blob): Promise<Result<string, Fault>> {
    return sendFile(this.#files, domain, name, content)
  }

  fetchFile(domain: Domain, path: string): Promise<Result<Blob, Fault>> {
    return fetchFile(this.#files, domain, path)
  }

  cancelTransfer(transfer: number): Result<void, Fault> {
    return this.transfers.cancel(transfer)
  }
}
