/**
 * Mutation testing: changes the code in small ways, one at a time, and counts how many of the changes some test notices.
 *
 *   npm run mutation                                       core/oauth, core/http and core/cache
 *   npm run mutation -- src/core/oauth                     one folder
 *   npm run mutation -- src/core/http/throttle.ts          one file (or several)
 *
 * Takes minutes to hours, so it is no part of `npm test`. CONCURRENCY=1 leaves the machine a core. The tool is installed into .tools/stryker.
 * Scores and survivors are printed, and kept in test/mutation/results.json.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

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
const report = join(root, '.tools', 'mutation.json')
const resultsFile = fileURLToPath(new URL('results.json', import.meta.url))

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
  await run(process.execPath, [stryker, 'run', 'test/mutation/stryker.config.mjs'], {
    MUTATED: JSON.stringify(files),
    MUTATION_TESTS: JSON.stringify(tests),
    MUTATION_REPORT: report,
  })
  const { files: mutated } = JSON.parse(await readFile(report, 'utf8'))
  const results = await readFile(resultsFile, 'utf8').then(JSON.parse, () => ({}))
  for (const [path, { source, mutants }] of Object.entries(mutated)) results[path] = resultOf(source, mutants)
  // A file that has nothing to mutate, or is gone, has no result.
  for (const path of Object.keys(results))
    if (!mutated[path] && (files.includes(path) || !existsSync(join(root, path)))) delete results[path]
  await writeFile(resultsFile, `${JSON.stringify(sorted(results), null, 2)}\n`)
  print(folder, results)
}

function resultOf(source, mutants) {
  const count = (...states) => mutants.filter(({ status }) => states.includes(status)).length
  return {
    date: new Date().toISOString().slice(0, 10),
    killed: count('Killed', 'Timeout'),
    survived: count('Survived', 'NoCoverage'),
    static: count('Ignored'),
    survivors: mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage').map((mutant) => shown(source, mutant)),
  }
}

/** `12:7 code -> what replaced it`, each cut short. */
function shown(source, { location: { start, end }, replacement, status }) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  const last = lines.length - 1
  lines[last] = lines[last].slice(0, end.column - 1)
  lines[0] = lines[0].slice(start.column - 1)
  const short = (text) => {
    const line = text.replace(/\s+/g, ' ')
    return line.length > 70 ? `${line.slice(0, 67)}...` : line
  }
  return `${start.line}:${start.column} ${short(lines.join('\n'))} -> ${short(replacement)}${status === 'NoCoverage' ? ' (no test comes here)' : ''}`
}

function print(folder, results) {
  const ofFolder = Object.entries(results).filter(([path]) => path.startsWith(`${folder}/`))
  const sum = (key) => ofFolder.reduce((total, [, result]) => total + result[key], 0)
  for (const [path, { killed, survived, survivors }] of ofFolder) {
    console.log(`${percent(killed, survived)}  ${path} (${killed} of ${killed + survived})`)
    for (const survivor of survivors) console.log(`          ${survivor}`)
  }
  console.log(
    `${percent(sum('killed'), sum('survived'))}  ${folder}: ${sum('killed')} of ${sum('killed') + sum('survived')}, ${sum('static')} static not tried`,
  )
}

function percent(killed, survived) {
  return killed + survived ? `${((100 * killed) / (killed + survived)).toFixed(1)} %`.padStart(7) : '      –'
}

function sorted(results) {
  return Object.fromEntries(Object.entries(results).sort(([one], [other]) => (one < other ? -1 : 1)))
}

function run(command, options, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, options, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))))
  })
}
