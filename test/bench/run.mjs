/** Entry of `npm run bench`: loads the TypeScript below through Vite, since Node 20 does not read it itself. */
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

// `npm run bench -- timeline`: where one start's time goes, step by step, instead of the figures.
// `npm run bench -- start speed` and the like: those sections alone (main.ts has their names).
const entry = process.argv[2] === 'timeline' ? './timeline.ts' : './main.ts'
const { module } = await runnerImport(fileURLToPath(new URL(entry, import.meta.url)), { configFile: false })
await module.main()
