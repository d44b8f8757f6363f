/**
 * Everything that must hold before a change goes in: build, types, lint, tests.
 *
 *   npm test                       what CI requires
 *   npm test -- core/http          the same, but only the test files whose path contains core/http
 *   npm run test:full              the long tests too (`*.long.test.ts`), and the long variants of others (FULL=1)
 *
 * REQUIRE_ALL=1 turns skipped tests into failures.
 */
import { spawn } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const report = join(root, '.tools', 'test-results.json')
const full = process.argv.includes('--full')
const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`
const env = { ...process.env, PATH: path, ...(full && { FULL: '1' }) }
const filters = process.argv.slice(2).filter((argument) => argument !== '--full')

const total = { passed: 0, failed: 0, skipped: 0 }
const times = []

const built = await check('build', 'npm', ['run', '--silent', 'build'])
await check('types', 'npm', ['run', '--silent', 'types'])
await check('lint', 'npm', ['run', '--silent', 'lint'])
if (built) await runTests()

console.log(`\n${times.join(', ')}`)
if (total.skipped) console.log(`${total.skipped} skipped, by name above`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed ? 1 : 0

async function check(name, command, options) {
  const succeeded = await timed(name, command, options)
  total[succeeded ? 'passed' : 'failed'] += 1
  return succeeded
}

async function runTests() {
  await mkdir(join(root, '.tools'), { recursive: true })
  await rm(report, { force: true })
  const long = full ? [] : ['--exclude=**/*.long.test.ts']
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const succeeded = await timed('tests', 'vitest', ['run', '--config=test/vitest.config.ts', ...long, ...reporters, ...filters])
  const { passed, failed, skipped } = await counted()
  if (passed + failed === 0) console.error('No test ran.')
  total.passed += passed
  total.skipped += skipped
  // A run that fails without a failed test (an unhandled rejection, a crash, no test at all) is a failure too.
  total.failed += failed || (succeeded && passed ? 0 : 1)
}

async function counted() {
  const results = await readFile(report, 'utf8').then(JSON.parse, () => null)
  if (!results) return { passed: 0, failed: 0, skipped: 0 }
  const brokenFiles = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + brokenFiles.length,
    skipped: results.numPendingTests + results.numTodoTests,
  }
}

/** Runs a command with this terminal; resolves to whether it succeeded. */
async function timed(name, command, options) {
  console.log(`\n— ${name}`)
  const start = performance.now()
  const succeeded = await new Promise((resolve) => {
    const child = spawn(command, options, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' })
    child.on('error', (error) => {
      console.error(error.message)
      resolve(false)
    })
    child.on('close', (code) => resolve(code === 0))
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  times.push(`${name} ${seconds} s`)
  console.log(`${name}: ${succeeded ? 'ok' : 'FAILED'} after ${seconds} s`)
  return succeeded
}
