/**
 * The network: ping and TCP between two guests through the fabric, beside two bare v86 machines of one page that are
 * wired directly to each other; a page of the portal; and the page's frames while two guests flood.
 */

import type { Browser, Page } from 'playwright-core'
import { median, quantile } from './statistics.ts'

const ROUNDS = 3
const PINGS = 20
/** Of TCP, a round. */
const MEBIBYTES = 8
const FLOOD_MS = 8000
const PATIENCE = 180_000

type Pair = { readonly bare: number; readonly product: number }

type FrameTimes = {
  readonly frames: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly longestMs: number
}

export type NetworkFigures = {
  readonly pingMs: Pair
  readonly tcpMiBs: Pair & { readonly ratio: number }
  /** The portal's first page and everything on it, as the guest's own wget fetches them. */
  readonly portalMs: number
  readonly portalBytes: number
  readonly idle: FrameTimes
  /** While both guests compute and send nothing: what of the next is the processors' and not the network's. */
  readonly busy: FrameTimes
  readonly flooding: FrameTimes
  /** Frames a second that the fabric was offered meanwhile. */
  readonly floodFramesPerSecond: number
}

/** Two guests and a way to type to either. */
type Wire = {
  readonly page: Page
  readonly address: string
  /** Milliseconds on the page's clock from Enter to the finished command's own line. */
  run(guest: 0 | 1, command: string): Promise<{ readonly ms: number; readonly text: string }>
}

let marks = 0

function productWire(page: Page, ids: readonly [string, string], address: string): Wire {
  return {
    page,
    address,
    run: (guest, command) =>
      page.evaluate(
        async ([id, command, mark, timeoutMs]) => {
          const console = globalThis.hypercore.console(id)
          const start = performance.now()
          console.write(`echo; echo a${mark}$((1)); ${command}; echo z${mark}$((1))\r`)
          const text = await console.waitFor(new RegExp(`a${mark}1[^]*z${mark}1`), { timeoutMs })
          return { ms: performance.now() - start, text }
        },
        [ids[guest], command, marks++, PATIENCE] as const,
      ),
  }
}

function bareWire(page: Page, address: string): Wire {
  return {
    page,
    address,
    run: (guest, command) =>
      page.evaluate(
        async ([guest, command, mark]) => {
          const machine = (await globalThis.barePair)?.[guest]
          if (machine === undefined) throw new Error('no machine')
          const from = machine.text().length
          const start = performance.now()
          machine.type(`echo; echo a${mark}$((1)); ${command}; echo z${mark}$((1))\r`)
          while (!machine.text().includes(`z${mark}1`, from))
            await new Promise((resolve) => setTimeout(resolve, 2))
          return { ms: performance.now() - start, text: machine.text().slice(from) }
        },
        [guest, command, marks++] as const,
      ),
  }
}

/** Average round trip in milliseconds, as ping says it. */
async function ping(wire: Wire): Promise<number> {
  const { text } = await wire.run(0, `ping -q -c ${PINGS} -i 0.1 ${wire.address}`)
  const average = /= [\d.]+\/([\d.]+)\//.exec(text)?.[1]
  if (average === undefined) throw new Error(`ping said nothing: ${text}`)
  return Number(average)
}

/** Mebibytes a second. */
async function transfer(wire: Wire, port: number): Promise<number> {
  await wire.run(
    1,
    `[ -p /tmp/open ] || mkfifo /tmp/open; (nc -l -p ${port} <>/tmp/open | wc -c >/tmp/came) & until netstat -ltn 2>/dev/null | grep -q :${port}; do :; done`,
  )
  const [{ ms }, { text }] = await Promise.all([
    wire.run(0, `dd if=/dev/zero bs=64k count=${MEBIBYTES * 16} 2>/dev/null | nc ${wire.address} ${port}`),
    wire.run(1, 'wait; cat /tmp/came'),
  ])
  if (!text.includes(String(MEBIBYTES << 20))) throw new Error(`not all of it came: ${text}`)
  return MEBIBYTES / (ms / 1000)
}

async function bareGuests(browser: Browser, url: string): Promise<Wire> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${url}?pair`)
  await page.evaluate(async () => {
    const pair = await globalThis.barePair
    while (pair?.every((machine) => machine.text().includes('# ')) !== true)
      await new Promise((resolve) => setTimeout(resolve, 10))
  })
  const wire = bareWire(page, '10.9.0.2')
  await wire.run(0, 'ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up')
  await wire.run(1, 'ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up')
  return wire
}

async function productGuests(
  browser: Browser,
  url: string,
): Promise<Wire & { readonly ids: readonly string[] }> {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage()
  await page.goto(`${url}?boot=primary`)
  await page.waitForFunction(() => globalThis.hypercore?.domains().some(({ ready }) => ready), undefined, {
    timeout: PATIENCE,
  })
  const second = await page.evaluate(async () => {
    const api = globalThis.hypercore
    await api.policy.setText(`primary primary * allow\n${api.policy.text()}`)
    const id = await api.create({ appliance: 'primary', name: 'Second' })
    await api.start(id)
    return String(id)
  })
  await page.waitForFunction(
    (id) => globalThis.hypercore.domains().some((domain) => domain.id === id && domain.ready),
    second,
    { timeout: PATIENCE },
  )
  const ids = ['primary', second] as const
  const lease = 'until ip route | grep -q default; do sleep 0.2; done; ip -4 addr show eth0'
  await productWire(page, ids, '').run(0, lease)
  const { text } = await productWire(page, ids, '').run(1, lease)
  const address = /inet ([\d.]+)/.exec(text)?.[1]
  if (address === undefined) throw new Error(`the second guest has no address: ${text}`)
  return { ...productWire(page, ids, address), ids }
}

/** Every frame of the page for `ms`. */
async function frameTimes(page: Page, ms: number): Promise<FrameTimes> {
  const gaps = await page.evaluate(
    (ms) =>
      new Promise<number[]>((resolve) => {
        const gaps: number[] = []
        const start = performance.now()
        let last = start
        const frame = (): void => {
          const now = performance.now()
          gaps.push(now - last)
          last = now
          if (now - start < ms) requestAnimationFrame(frame)
          else resolve(gaps)
        }
        requestAnimationFrame(frame)
      }),
    ms,
  )
  return {
    frames: gaps.length,
    medianMs: median(gaps),
    p99Ms: quantile(gaps, 0.99),
    longestMs: Math.max(...gaps),
  }
}

/** Both guests send datagrams to each other as fast as they can. */
async function flood(
  wire: Wire & { readonly ids: readonly string[] },
): Promise<Pick<NetworkFigures, 'idle' | 'busy' | 'flooding' | 'floodFramesPerSecond'>> {
  const { page, ids } = wire
  const { text } = await wire.run(0, 'ip -4 addr show eth0')
  const own = /inet ([\d.]+)/.exec(text)?.[1] ?? ''
  const idle = await frameTimes(page, FLOOD_MS)
  const spin = '(while :; do :; done) & sleep 1'
  await Promise.all([wire.run(0, spin), wire.run(1, spin)])
  const busy = await frameTimes(page, FLOOD_MS)
  const quiet = 'kill %1; wait 2>/dev/null'
  await Promise.all([wire.run(0, quiet), wire.run(1, quiet)])
  const counted = (): Promise<number> =>
    page.evaluate(
      (ids) => ids.reduce((sum, id) => sum + (globalThis.hypercore.stats(id)?.network.txFrames ?? 0), 0),
      ids,
    )
  const pour = (to: string): string =>
    // An answer that nobody listens there ends dd, once a second at the most: Linux limits those.
    `(while :; do dd if=/dev/zero bs=1400 >/dev/udp/${to}/9; done 2>/dev/null) & sleep 1`
  await Promise.all([wire.run(0, pour(wire.address)), wire.run(1, pour(own))])
  const before = await counted()
  const flooding = await frameTimes(page, FLOOD_MS)
  const sent = (await counted()) - before
  return { idle, busy, flooding, floodFramesPerSecond: (sent * 1000) / FLOOD_MS }
}

export async function measureNetwork(
  browser: Browser,
  productUrl: string,
  bareUrl: string,
): Promise<NetworkFigures> {
  const bare = await bareGuests(browser, bareUrl)
  const product = await productGuests(browser, productUrl)
  const sides = { bare, product }
  const pings = { bare: [] as number[], product: [] as number[] }
  const speeds = { bare: [] as number[], product: [] as number[] }
  // A first unmeasured round compiles the guests' hot code in both.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const side of round % 2 === 0 ? (['product', 'bare'] as const) : (['bare', 'product'] as const)) {
      await sides[side].page.bringToFront()
      const [rtt, speed] = [await ping(sides[side]), await transfer(sides[side], 7000 + round)]
      if (round === 0) continue
      pings[side].push(rtt)
      speeds[side].push(speed)
    }
  }
  await bare.page.context().close()
  const pages: number[] = []
  const files = ['', 'style.css', 'tiers.png', 'guests.png', 'boot.png']
    .map((name) => `http://portal/${name}`)
    .join(' ')
  let portalBytes = 0
  for (let round = 0; round <= ROUNDS; round++) {
    const { ms, text } = await product.run(0, `wget -qO- ${files} | wc -c`)
    if (round > 0) pages.push(ms)
    portalBytes = Number(/\n(\d+)/.exec(text)?.[1])
  }
  const flooded = await flood(product)
  await product.page.context().close()
  const [bareSpeed, productSpeed] = [median(speeds.bare), median(speeds.product)]
  return {
    pingMs: { bare: median(pings.bare), product: median(pings.product) },
    tcpMiBs: { bare: bareSpeed, product: productSpeed, ratio: productSpeed / bareSpeed },
    portalMs: median(pages),
    portalBytes,
    ...flooded,
  }
}
