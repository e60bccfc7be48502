import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { contentSecurityPolicy, SERVED_CONTENT_SECURITY_POLICY } from './src/build/content-security-policy.ts'
import { goldens } from './src/build/goldens.ts'
import { hypercoreSize } from './src/build/hypercore-size.ts'
import { nodeParts } from './src/build/node-parts.ts'
import { notices } from './src/build/notices.ts'
import { offline } from './src/build/offline.ts'

const root = import.meta.dirname

/**
 * By a name that servers know for binary data: what they know nothing of, some compress on the way, and volumes and golden
 * snapshots are packed already.
 */
function assetFileNames({ names }: { names: readonly string[] }): string {
  const isPacked = names.some((name) => /\.(?:sqfs|golden)$/.test(name))
  return `assets/[name]-[hash][extname]${isPacked ? '.bin' : ''}`
}

/** The terminal beside the rest of the first script: two processors read them at once. */
const codeSplitting = { groups: [{ name: 'terminal', test: /node_modules\/@xterm\/xterm\// }] }

/** How long which plugin took says nothing to whoever starts the product. */
const checks = { pluginTimings: false }

export default defineConfig({
  root: join(root, 'src'),
  // Relative addresses: the built folder works under any path of any static host.
  base: './',
  cacheDir: join(root, 'node_modules/.vite'),
  publicDir: false,
  plugins: [
    react(),
    contentSecurityPolicy(),
    hypercoreSize(join(root, 'src/hypercore')),
    notices(root),
    goldens(root),
    nodeParts(),
    offline(),
  ],
  worker: { format: 'es', plugins: () => [nodeParts()], rolldownOptions: { checks } },
  build: {
    outDir: join(root, 'dist'),
    emptyOutDir: true,
    target: 'es2022',
    // Nothing as a data: address: workers, wasm and volumes are fetched, measured and cached as files.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: { output: { assetFileNames, codeSplitting }, checks },
  },
  server: { fs: { allow: [root] } },
  preview: {
    port: 4173,
    headers: {
      'Content-Security-Policy': SERVED_CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
    },
  },
  test: {
    root,
    // Guests are heavy and the machines small: two test files at a time, and patience instead of timing.
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/**/*.browser.test.{ts,tsx}'],
          setupFiles: ['test/support/fixed-seed.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'ui',
          include: ['test/ui/**/*.browser.test.{ts,tsx}'],
          globalSetup: ['test/support/harness.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/**/*.browser.test.{ts,tsx}'],
          exclude: ['test/ui/**'],
          globalSetup: ['test/support/preview.ts'],
          // Two of them, each with five guests, were no sooner done than one after the other.
          fileParallelism: false,
        },
      },
    ],
  },
})
