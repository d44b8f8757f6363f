import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Real browsers and processes share two cores there: what fails once has to fail twice to count.
    retry: process.env.CI ? 1 : 0,
    sequence: { shuffle: { files: false, tests: false } },
  },
})
