/**
 * Proves that the tests of the requirements notice: breaks one line after the other (breaks.mjs) in a copy of this tree, and demands that a
 * test with the requirement's number in its name, which passes otherwise, fails then.
 *
 *   npm run prove              all of them, which takes half an hour
 *   npm run prove S34 S35      those of two requirements
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { breaks, unbroken } from './breaks.mjs'
import { ids } from './requirements.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const asked = process.argv.slice(2)
const wanted = breaks.filter(({ id }) => !asked.length || asked.includes(id))
const unknown = asked.filter((id) => !wanted.some((each) => each.id === id))
if (unknown.length) {
  for (const id of unknown)
    console.error(`${id} cannot be proved by breaking something. ${unbroken[id] ?? 'There is no such requirement.'}`)
  process.exit(1)
}

const copy = await mkdtemp(join(await realpath(tmpdir()), 'msal-isomorphic-prove-'))
const bin = join(root, 'node_modules', '.bin')
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
/** Milliseconds after which a run of tests is given up. */
const patience = 600_000

try {
  const left = ['.git', 'node_modules', '.tools', '.tsbuild', '.playground', 'dist'].map((name) => join(root, name))
  await cp(root, copy, { recursive: true, filter: (path) => !left.includes(path) })
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir')
  await build()
  await cp(join(copy, 'dist'), join(copy, 'whole'), { recursive: true })

  const passing = new Map()
  for (const broken of wanted) {
    const { id, file, test } = broken
    const before = passing.get(`${id} ${test}`) ?? (await testResults(id, test))
    passing.set(`${id} ${test}`, before)
    const outcome = problemOf(before) ?? (await outcomeOf(broken))
    if (outcome !== 'caught') process.exitCode = 1
    console.log(`${id} ${outcome} (${file}, ${test})`)
  }
} finally {
  await rm(copy, { recursive: true, force: true })
}

/** Why tests cannot prove anything. */
function problemOf({ passed, failed }) {
  if (failed.length) return `UNPROVEN: fails without the break: ${failed[0]}`
  return passed.length ? undefined : 'UNPROVEN: no test of it ran (does this machine lack something?)'
}

async function outcomeOf({ id, file, find, replace, test, build: builds }) {
  const path = join(copy, file)
  const text = await readFile(path, 'utf8')
  if (text.split(find).length !== 2) return 'UNPROVEN: the text is not there once'
  try {
    await writeFile(
      path,
      text.replace(find, () => replace),
    )
    if (builds && !(await build())) return 'UNPROVEN: broken so, it cannot be built'
    const { failed } = await testResults(id, test, '--bail=1')
    return failed.length ? 'caught' : 'NOT CAUGHT'
  } finally {
    await writeFile(path, text)
    if (builds) await cp(join(copy, 'whole'), join(copy, 'dist'), { recursive: true, force: true })
  }
}

/** The names of a requirement's tests in a file, as they turned out. A file that does not even load has none. */
async function testResults(id, test, ...options) {
  const report = join(copy, 'results.json')
  await rm(report, { force: true })
  // What the pattern takes for the number of another list is sorted out below.
  await run('vitest', [
    'run',
    '--config=test/vitest.config.ts',
    '--reporter=json',
    `--outputFile.json=${report}`,
    '-t',
    id,
    ...options,
    test,
  ])
  const { testResults } = await readFile(report, 'utf8').then(JSON.parse, () => ({ testResults: [] }))
  const all = testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ fullName }) => ids(fullName).includes(id))
  const namesOf = (outcome) => all.filter(({ status }) => status === outcome).map(({ fullName }) => fullName)
  return { passed: namesOf('passed'), failed: namesOf('failed') }
}

function build() {
  return run('rollup', ['-c', '--silent'])
}

/** Whether a command succeeds. */
function run(command, options) {
  return new Promise((resolve) => {
    execFile(command, options, { cwd: copy, env, maxBuffer: 1 << 28, timeout: patience }, (error) => resolve(!error))
  })
}
