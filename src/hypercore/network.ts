/** Joins the domains' network ports to the fabric: frames by message, and an acknowledgement for every one taken. */

import { Fabric } from '../fabric/fabric.ts'
import type { AttachedPort, PortCounters } from '../fabric/environment.ts'
import { Wisp } from '../fabric/relay/wisp.ts'
import { parseNetworkMessage, type NetworkMessage } from '../protocol/channels.ts'
import type { Flow, Verdict } from '../protocol/policy.ts'
import type { TrunkReport } from '../protocol/trunk.ts'
import type { HyperCoreEnvironment } from './environment.ts'
import type { Packets } from './packets.ts'
import { TrunkLinks } from './trunk-links.ts'

/** A card's cable: the end that goes to the domain's worker. */
export type Cable = {
  readonly port: MessagePort
  unplug(): void
}

/** Who may talk to whom; of the guard (policy/guard.ts). */
export type FlowRules = {
  decideFlow(flow: Flow): Verdict
  mayTalk(from: string, to: string): boolean
}

export class Network {
  readonly #fabric: Fabric
  readonly trunk: TrunkLinks
  readonly #packets: Packets
  readonly #attached = new Map<string, AttachedPort>()

  /** `relayUrl`: of a relay that speaks WISP; empty: there is none. */
  constructor(
    environment: HyperCoreEnvironment,
    rules: FlowRules,
    packets: Packets,
    relayUrl: string,
    trunkChanged: (report: TrunkReport) => void,
  ) {
    const { outside } = environment
    this.#packets = packets
    const wisp = relayUrl === '' ? undefined : new Wisp(() => outside.openSocket(relayUrl))
    this.#fabric = new Fabric({
      ...outside,
      decide: (flow) => rules.decideFlow(flow),
      mayTalk: (from, to) => rules.mayTalk(from, to),
      now: () => environment.now(),
      wallClock: () => environment.wallClock(),
      after: (ms, action) => environment.after(ms, action),
      relay: wisp === undefined ? undefined : (host, port) => wisp.connect(host, port),
      observe: (id, direction, frame) => packets.observe(id, direction, frame),
      refused: (id, reason) => packets.refused(id, reason),
      trunkChanged: () => tell(),
    })
    this.trunk = new TrunkLinks(environment, this.#fabric.trunk, () => tell())
    const tell = (): void => trunkChanged(this.trunk.report())
  }

  plug(id: string, mac: string): Cable {
    const { port1, port2 } = new MessageChannel()
    const post = (message: NetworkMessage, transfer: Transferable[]): void =>
      port1.postMessage(message, transfer)
    const attached = this.#fabric.attach({
      id,
      mac,
      send: (frames) => post({ kind: 'frames', frames }, []),
    })
    this.#attached.set(id, attached)
    const untap = this.#packets.attach({ id, mac, address: attached.address })
    port1.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parseNetworkMessage(data)
      if (message?.kind === 'taken') attached.taken(message.frames)
      else if (message !== undefined) attached.receive(message.frames)
    }
    return {
      port: port2,
      unplug: () => {
        attached.detach()
        untap()
        if (this.#attached.get(id) === attached) this.#attached.delete(id)
        port1.close()
      },
    }
  }

  /** Undefined: it has no card, or is off. */
  counters(id: string): PortCounters | undefined {
    return this.#attached.get(id)?.counters()
  }

  policyChanged(): void {
    this.#fabric.policyChanged()
  }
}
