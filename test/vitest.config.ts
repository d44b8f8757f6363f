import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/scan.ts'],
    testTimeout: 20_000,
    expect: { poll: { timeout: 5_000 } },
    // Many tests wait more than they work.
    maxWorkers: 2,
    hookTimeout: 120_000,
    sequence: { shuffle: { files: false, tests: false } },
  },
})
