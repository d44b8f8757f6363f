/**
 * Lets four processes live on one Redis, and four on one file, through all that can go wrong, and checks what must always be so.
 *
 *   npm run soak                                  builds, then soaks for 20 minutes
 *   node test/soak/run.mjs --minutes 3 --seed 7   shorter, with the choices of an earlier run, over the build that is there
 *   node test/soak/run.mjs --ground file          on one ground: redis or file
 *   node test/soak/run.mjs --sabotage lock        with a store whose lock, version or sign-out does nothing: fails
 *
 * It prints tables, writes `.tools/soak/report.json`, and ends with 1 where anything is violated.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { machine, printTable } from '../bench/support/report.mjs'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    ground: { type: 'string', multiple: true, default: ['redis', 'file'] },
    sabotage: { type: 'string' },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('--minutes and --seed are numbers.')

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const folder = path('../../.tools/soak/')
const bundle = `${folder}soak.mjs`
await mkdir(folder, { recursive: true })
// Node 20 runs no TypeScript.
await build({ entryPoints: [path('main.ts')], bundle: true, packages: 'external', platform: 'node', format: 'esm', outfile: bundle })
const { run } = await import(bundle)

const about = { date: new Date().toISOString(), machine: machine(), minutes, seed, sabotage: values.sabotage }
const { cpu, cores, node, platform, load } = about.machine
console.log(`${about.date}, ${cpu}, ${cores} cores (load ${load}), ${platform}, Node ${node}: ${minutes} minutes, --seed ${seed}`)

const { results, logs } = await run({ minutes, seed, script: path('worker.mjs'), grounds: values.ground, sabotage: values.sabotage })

table('What happened', 'counts')
table('Second uses of a spent refresh token, and second requests in flight, by what had become of the first', 'reuses')
table('Calls that failed or found nobody signed in, by why', 'excused')
printTable({
  title: 'Heap after a collection, of processes that lived long enough',
  columns: ['', 'minutes', 'warm', 'growth'],
  rows: results.flatMap(({ ground, heaps }) =>
    heaps.map(({ process, minutes, warm, growth }) => [`${ground}, ${process}`, minutes.toFixed(1), megabytes(warm), megabytes(growth)]),
  ),
})
table('What must always be so, and how often it was not', 'broken')
const violations = results.flatMap(({ ground, violations }) => violations.map((violation) => ({ ground, ...violation })))
for (const { ground, rule, at, what } of violations.slice(0, 40)) console.log(`VIOLATED on ${ground}: ${rule} (${at}): ${what}`)
if (violations.length > 40) console.log(`… and ${violations.length - 40} more: see report.json`)
const load1 = machine().load
await writeFile(`${folder}report.json`, `${JSON.stringify({ ...about, loadAtEnd: load1, results }, null, 2)}\n`)
const record = logs.map((log) => ({ ...log, revoked: [...log.revoked] }))
await writeFile(`${folder}log.json`, JSON.stringify(record))
console.log(`\nload ${load1} at the end, --seed ${seed}: ${violations.length} violations`)
process.exit(violations.length ? 1 : 0)

function table(title, part) {
  const names = [...new Set(results.flatMap((result) => Object.keys(result[part])))]
  const rows = names.map((name) => [name, ...results.map((result) => result[part][name] ?? 0)])
  printTable({ title, columns: ['', ...results.map(({ ground }) => ground)], rows })
}

function megabytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(2)} MB`
}
