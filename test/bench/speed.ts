/** Guest speed: the same work, typed into the same shell, here and on a bare v86 page, in alternating rounds. */

import type { Browser, Page } from 'playwright-core'
import { median } from './statistics.ts'

type Load = { readonly name: string; readonly command: string }

/**
 * Integer compute in one process, an interpreter, and fork-heavy shell work (I/O exits and page faults). The interpreter
 * gets an empty environment: what a shell hands down moves its heap, and with it what it executes for the same program, from
 * 1.9 to 2.8 thousand million instructions.
 */
const LOADS: readonly Load[] = [
  { name: 'sha256sum 16 MiB', command: 'dd if=/dev/zero bs=1M count=16 2>/dev/null | sha256sum' },
  {
    name: 'awk 300,000 turns',
    command: "env -i /bin/busybox awk 'BEGIN { for (i = 0; i < 300000; i++) s += i * i; print s }'",
  },
  { name: '150 processes', command: 'i=0; while [ $i -lt 150 ]; do /bin/busybox true; i=$((i + 1)); done' },
]

const ROUNDS = 5

/**
 * Before those that count. In the first the guest's code is compiled by v86, in those after it the browser compiles what is hot
 * once more: 150 processes took 6.4 s in the first round, 2 in the fifth.
 */
const WARM_UPS = 4

export type SpeedFigures = {
  readonly rounds: number
  readonly ratio: number
  readonly loads: readonly {
    readonly name: string
    readonly bareMs: number
    readonly productMs: number
    readonly ratio: number
  }[]
}

type Shell = { readonly page: Page; run(command: string, token: string): Promise<number> }

/** Milliseconds on the page's clock from Enter to the line that only the finished command prints. */
function productShell(page: Page): Shell {
  return {
    page,
    run: (command, token) =>
      page.evaluate(
        async ([command, token]) => {
          const console = globalThis.hypercore.console('management')
          const start = performance.now()
          console.write(`${command}; echo ${token}$((40 + 2))\r`)
          await console.waitFor(`${token}42`, { timeoutMs: 180_000 })
          return performance.now() - start
        },
        [command, token] as const,
      ),
  }
}

function bareShell(page: Page): Shell {
  return {
    page,
    run: (command, token) =>
      page.evaluate(
        async ([command, token]) => {
          const machine = await globalThis.bare
          if (machine === undefined) throw new Error('no machine')
          const start = performance.now()
          machine.type(`${command}; echo ${token}$((40 + 2))\r`)
          while (!machine.text().includes(`${token}42`))
            await new Promise((resolve) => setTimeout(resolve, 2))
          return performance.now() - start
        },
        [command, token] as const,
      ),
  }
}

export async function measureSpeed(
  browser: Browser,
  productUrl: string,
  bareUrl: string,
): Promise<SpeedFigures> {
  const productContext = await browser.newContext()
  const bareContext = await browser.newContext()
  const product = await productContext.newPage()
  await product.goto(`${productUrl}?boot=primary`)
  // The base's own shell, as on the bare page, and alone on the machine as there.
  await product.evaluate(async () => {
    const api = globalThis.hypercore
    await api.ready
    await api.kill('primary')
    await api.start('management')
  })
  await product.waitForFunction(() =>
    globalThis.hypercore.domains().some(({ id, ready }) => id === 'management' && ready),
  )
  await product.evaluate(() => globalThis.hypercore.focus('management'))
  const bare = await bareContext.newPage()
  await bare.goto(bareUrl)
  await bare.evaluate(async () => {
    const machine = await globalThis.bare
    while (!machine?.text().includes('# ')) await new Promise((resolve) => setTimeout(resolve, 10))
  })

  const shells = { product: productShell(product), bare: bareShell(bare) }
  const times = new Map<string, { product: number[]; bare: number[] }>()
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    for (const { name, command } of LOADS) {
      const sample = times.get(name) ?? { product: [], bare: [] }
      times.set(name, sample)
      const order = round % 2 === 0 ? (['product', 'bare'] as const) : (['bare', 'product'] as const)
      for (const side of order) {
        await shells[side].page.bringToFront()
        const token = `turn${round + WARM_UPS}load${LOADS.findIndex((load) => load.name === name)}n`
        const took = await shells[side].run(command, token)
        if (round >= 0) sample[side].push(took)
      }
    }
  }
  await Promise.all([productContext.close(), bareContext.close()])
  const loads = LOADS.map(({ name }) => {
    const sample = times.get(name) ?? { product: [], bare: [] }
    const [bareMs, productMs] = [median(sample.bare), median(sample.product)]
    return { name, bareMs, productMs, ratio: bareMs / productMs }
  })
  return { rounds: ROUNDS, loads, ratio: Math.min(...loads.map(({ ratio }) => ratio)) }
}
