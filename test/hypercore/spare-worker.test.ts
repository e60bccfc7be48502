import { describe, expect, it } from 'vitest'
import { SpareWorker, type SparePort } from '../../src/hypercore/spare-worker.ts'

class FakeWorker implements SparePort {
  onerror: ((event: ErrorEvent) => unknown) | null = null
  readonly scriptUrl: string
  readonly name: string
  terminated = false

  constructor(scriptUrl: string, name: string) {
    this.scriptUrl = scriptUrl
    this.name = name
  }

  terminate(): void {
    this.terminated = true
  }
}

function given(): { spare: SpareWorker<FakeWorker>; spawned: FakeWorker[] } {
  const spawned: FakeWorker[] = []
  const spare = new SpareWorker((scriptUrl, name) => {
    const worker = new FakeWorker(scriptUrl, name)
    spawned.push(worker)
    return worker
  })
  return { spare, spawned }
}

describe('the spare worker', () => {
  it('is loaded once, and is whose who asks next', () => {
    const { spare, spawned } = given()
    spare.keep('a.js')
    spare.keep('a.js')
    expect(spawned).toHaveLength(1)
    const taken = spare.take('a.js', 'domain web')
    expect(taken).toBe(spawned[0])
    expect(taken.onerror).toBeNull()
    expect(spare.take('a.js', 'domain web')).not.toBe(taken)
    expect(spawned[1]?.name).toBe('domain web')
  })

  it('is nobody’s who needs another script', () => {
    const { spare, spawned } = given()
    spare.keep('a.js')
    expect(spare.take('b.js', 'domain web').scriptUrl).toBe('b.js')
    expect(spare.take('a.js', 'domain web')).toBe(spawned[0])
  })

  it('gives way to one of a newer script', () => {
    const { spare, spawned } = given()
    spare.keep('a.js')
    spare.keep('b.js')
    expect(spawned.map(({ terminated }) => terminated)).toEqual([true, false])
  })

  it('is not tried again where its script cannot be loaded', () => {
    const { spare, spawned } = given()
    spare.keep('a.js')
    let isHandled = false
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is used of the event
    spawned[0]?.onerror?.({ preventDefault: () => (isHandled = true) } as unknown as ErrorEvent)
    expect(isHandled).toBe(true)
    expect(spawned[0]?.terminated).toBe(true)
    spare.keep('a.js')
    expect(spawned).toHaveLength(1)
    expect(spare.take('a.js', 'domain web')).toBe(spawned[1])
  })
})
