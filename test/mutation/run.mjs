/**
 * Mutation testing: changes the code in small ways, one at a time, and counts how many of the changes some test notices.
 *
 *   npm run mutation                                       core/oauth, core/http and core/cache
 *   npm run mutation -- src/core/oauth                     one folder
 *   npm run mutation -- src/core/http/throttle.ts          one file (or several)
 *
 * Takes minutes to an hour, so it is no part of `npm test`. CONCURRENCY=1 leaves the machine a core. The tool is installed into .tools/stryker.
 * Scores and survivors are printed, and kept in test/mutation/results.json; what a run that is broken off (Ctrl+C) has found so far, too.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keepResults, printResults } from './results.mjs'

const version = '9.6.1'
const folders = ['src/core/oauth', 'src/core/http', 'src/core/cache']
/** Tests beside those of test/core/<folder> that are about the folder, and quick. */
const more = {
  'src/core/oauth': ['test/faults/properties/token-responses.test.ts'],
  'src/core/http': [],
  'src/core/cache': ['test/faults/properties/cache-keys.test.ts'],
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const tools = join(root, '.tools', 'stryker')
const events = join(root, '.tools', 'mutation-events')

// Ctrl+C ends the tool, which is in the same group; what it has found is still kept.
process.on('SIGINT', () => {})
await install()
const asked = process.argv.slice(2).map((path) => relative(root, join(process.cwd(), path)).replaceAll('\\', '/'))
const unknown = asked.filter((path) => !folders.some((folder) => path === folder || path.startsWith(`${folder}/`)))
if (unknown.length) throw new Error(`Only files of ${folders.join(', ')}: ${unknown.join(', ')}`)

for (const folder of folders) {
  const files = await filesOf(folder)
  if (files.length) await mutate(folder, files)
}

async function filesOf(folder) {
  const all = (await readdir(join(root, folder))).filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`)
  return !asked.length || asked.includes(folder) ? all : all.filter((path) => asked.includes(path))
}

async function install() {
  const installed = await readFile(join(tools, 'node_modules/@stryker-mutator/core/package.json'), 'utf8').then(JSON.parse, () => null)
  if (installed?.version === version && existsSync(join(tools, 'node_modules/@stryker-mutator/vitest-runner'))) return
  const packages = ['core', 'vitest-runner'].map((name) => `@stryker-mutator/${name}@${version}`)
  // The runner's peer is the vitest of this project, which is found in the folders above.
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps', '--prefix', tools]
  await run('npm', ['install', ...options, ...packages], {})
}

async function mutate(folder, files) {
  const tests = [`${folder.replace('src/', 'test/')}/**/*.test.ts`, ...more[folder]]
  const stryker = join(tools, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  const env = { MUTATED: JSON.stringify(files), MUTATION_TESTS: JSON.stringify(tests), MUTATION_EVENTS: events }
  await rm(events, { recursive: true, force: true })
  try {
    await run(process.execPath, [stryker, 'run', 'test/mutation/stryker.config.mjs'], env)
  } finally {
    if (existsSync(events)) printResults(folder, await keepResults(events))
  }
}

function run(command, options, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, options, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))))
  })
}
