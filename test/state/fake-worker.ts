/** HyperCore's worker as the page sees it, with the test on its inside. */

import type { SupervisorMessage, SupervisorRequest } from '../../src/protocol/supervisor.ts'
import type { SupervisorPort } from '../../src/state/supervisor-client.ts'

export class FakeWorker extends EventTarget implements SupervisorPort {
  readonly sent: SupervisorRequest[] = []

  postMessage(message: SupervisorRequest): void {
    // As a worker's port does: what cannot be cloned throws here.
    this.sent.push(structuredClone(message))
  }

  say(message: SupervisorMessage): void {
    this.dispatchEvent(new MessageEvent('message', { data: message }))
  }

  die(message: string): void {
    this.dispatchEvent(Object.assign(new Event('error'), { message }))
  }

  callIdOf(name: string): number {
    const request = this.sent.findLast((sent) => sent.kind === 'call' && sent.call.name === name)
    if (request?.kind !== 'call') throw new Error(`${name} was not called`)
    return request.callId
  }
}
