/** The links of the trunk: the tabs of this browser, and other browsers by a port each. All off until a person joins. */

import type { Dispose } from '../base/disposables.ts'
import { ANNOUNCE_MS, type Trunk } from '../fabric/trunk.ts'
import type { TrunkReport } from '../protocol/trunk.ts'
import type { HyperCoreEnvironment } from './environment.ts'

/** Machines joined by code, at a time; each is a person's doing. */
const MOST_PEERS = 8

export class TrunkLinks {
  readonly #environment: HyperCoreEnvironment
  readonly #trunk: Trunk
  readonly #changed: () => void
  readonly #peers = new Set<MessagePort>()
  #leaveTabs: Dispose | undefined

  constructor(environment: HyperCoreEnvironment, trunk: Trunk, changed: () => void) {
    this.#environment = environment
    this.#trunk = trunk
    this.#changed = changed
    environment.every(ANNOUNCE_MS, () => trunk.tick())
  }

  joinTabs(on: boolean): void {
    if (on === (this.#leaveTabs !== undefined)) return
    if (on) this.#leaveTabs = this.#openTabs()
    else {
      this.#leaveTabs?.()
      this.#leaveTabs = undefined
    }
    this.#changed()
  }

  #openTabs(): Dispose {
    const tabs = this.#environment.outside.openTabs((untrustedMessage) => link.receive(untrustedMessage))
    const link = this.#trunk.attach((message) => tabs.post(message))
    return () => {
      link.detach()
      tabs.close()
    }
  }

  /** Another browser's machine, until its port says null. */
  joinPeer(port: MessagePort): void {
    if (this.#peers.size >= MOST_PEERS) return port.close()
    this.#peers.add(port)
    const link = this.#trunk.attach((message) => port.postMessage(message))
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data !== null) return link.receive(data)
      link.detach()
      this.#peers.delete(port)
      port.close()
    }
  }

  report(): TrunkReport {
    return { ...this.#trunk.report(), tabs: this.#leaveTabs !== undefined }
  }
}
