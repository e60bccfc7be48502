/** Entry of `npm run bench`: loads the TypeScript below through Vite, since Node 20 does not read it itself. */
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const { module } = await runnerImport(fileURLToPath(new URL('./main.ts', import.meta.url)), {
  configFile: false,
})
await module.main()
