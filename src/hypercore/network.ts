/** Joins the domains' network ports to the fabric: frames by message, and an acknowledgement for every one taken. */

import { Fabric } from '../fabric/fabric.ts'
import type { AttachedPort } from '../fabric/environment.ts'
import { Wisp } from '../fabric/relay/wisp.ts'
import { parseNetworkMessage, type NetworkMessage } from '../protocol/channels.ts'
import type { Flow, Verdict } from '../protocol/policy.ts'
import type { NetworkReport } from '../protocol/network.ts'
import type { SupervisorEvent } from '../protocol/supervisor.ts'
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
  readonly #relay: { readonly url: string; readonly wisp: Wisp } | undefined
  readonly #emit: (event: SupervisorEvent) => void
  #reported = ''

  /** `relayUrl`: of a relay that speaks WISP; empty: there is none. */
  constructor(
    environment: HyperCoreEnvironment,
    rules: FlowRules,
    packets: Packets,
    relayUrl: string,
    emit: (event: SupervisorEvent) => void,
  ) {
    const { outside } = environment
    this.#packets = packets
    this.#emit = emit
    const wisp = relayUrl === '' ? undefined : new Wisp(() => outside.openSocket(relayUrl))
    this.#relay = wisp === undefined ? undefined : { url: relayUrl, wisp }
    wisp?.open()
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
    const tell = (): void => emit({ type: 'trunk', report: this.trunk.report() })
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

  /** Four times a second: tells the page what is new. */
  tell(): void {
    const report = this.#report()
    const words = JSON.stringify(report)
    if (words === this.#reported) return
    this.#reported = words
    this.#emit({ type: 'network', report })
  }

  #report(): NetworkReport {
    const ports = [...this.#attached].map(([port, attached]) => {
      const { fromGuest, toGuest, dropped } = attached.counters()
      return { port, fromGuest, toGuest, dropped: Object.entries(dropped).filter(([, frames]) => frames > 0) }
    })
    const relay = this.#relay && {
      url: this.#relay.url,
      state: this.#relay.wisp.state,
      streams: this.#relay.wisp.size,
    }
    return { ports, stations: this.#fabric.stations(), relay }
  }

  policyChanged(): void {
    this.#fabric.policyChanged()
  }
}
