/** Global set-up of the user interface's tests: builds the harness once and serves it. */

import type { TestProject } from 'vitest/node'
import { serveHarness } from '../ui/harness/server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    harnessUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const served = await serveHarness()
  project.provide('harnessUrl', served.url)
  return () => served.close()
}
