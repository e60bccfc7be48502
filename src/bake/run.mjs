/**
 * Entry of `npm run bake`, and of the build: loads the TypeScript below through Vite, since Node 20 does not read it
 * itself. What is baked already costs the reading of a few files.
 */
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const { module } = await runnerImport(fileURLToPath(new URL('./main.ts', import.meta.url)), {
  configFile: false,
})
await module.main()
