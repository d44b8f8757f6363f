import { fileURLToPath } from 'node:url'

/** Started by run.mjs, which says through the environment what is mutated and where the report goes. */
export default {
  plugins: [fileURLToPath(new URL('../../.tools/stryker/node_modules/@stryker-mutator/vitest-runner/dist/src/index.js', import.meta.url))],
  testRunner: 'vitest',
  // `related` is off: each folder is tested by its own tests (see vitest.config.ts), not by all that import it.
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  mutate: JSON.parse(process.env.MUTATED),
  coverageAnalysis: 'perTest',
  // A mutant in what runs at import can only be tried on every test of the folder: minutes for each.
  ignoreStatic: true,
  concurrency: Number(process.env.CONCURRENCY ?? 2),
  // A busy machine is slow, not hung; endless loops are found by their count of steps before that.
  timeoutMS: 15_000,
  timeoutFactor: 3,
  dryRunTimeoutMinutes: 10,
  tempDirName: '.tools/stryker-sandbox',
  ignorePatterns: ['/.tools', '/.tsbuild', '/dist', '/docs', '/playground', '/test/bench', '/test/e2e'],
  // Events are written as they come, so that a run that is broken off has results too.
  reporters: ['event-recorder', 'progress-append-only'],
  eventReporter: { baseDir: process.env.MUTATION_EVENTS },
}
