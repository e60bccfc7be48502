/** Entry of `npm run bench`: loads the TypeScript below through Vite, since Node 20 does not read it itself. */
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

// Vite's runner would say “development”, and what it builds afterwards in this process would be that.
process.env['NODE_ENV'] = 'production'

// `npm run bench -- timeline`: where one start's time goes, step by step, instead of the figures.
// `npm run bench -- start speed` and the like: those sections alone (main.ts has their names).
const entry = process.argv[2] === 'timeline' ? './timeline.ts' : './main.ts'
const { module } = await runnerImport(fileURLToPath(new URL(entry, import.meta.url)), { configFile: false })
await module.main()
