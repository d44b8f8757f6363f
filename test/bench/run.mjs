/** Runs the benchmarks, all or those named: `node test/bench/run.mjs hit size`. Fails where a limit is passed. */
import { mkdir, writeFile } from 'node:fs/promises'
import { publish } from './publish/index.mjs'
import { machine, printChecks, printTable } from './support/report.mjs'

const names = ['size', 'browser', 'worker', 'import', 'herd', 'load', 'hit', 'app-hit', 'accounts', 'redis']
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length) {
  console.error(`No such benchmark: ${unknown.join(', ')}. There are ${names.join(', ')}.`)
  process.exit(2)
}

const results = { date: new Date().toISOString(), machine: machine(), benchmarks: {} }
const { cpu, cores, node, v8, platform, load } = results.machine
console.log(`${cpu}, ${cores} cores, ${platform}; Node ${node} (V8 ${v8}); load ${load}. Times are median / min.`)

for (const name of wanted.length ? wanted : names) {
  const begin = performance.now()
  console.log(`\n=== ${name}`)
  try {
    const { run } = await import(`./${name}.mjs`)
    const { tables = [], checks = [] } = await run()
    for (const table of tables) printTable(table)
    console.log()
    printChecks(checks)
    results.benchmarks[name] = { tables, checks }
  } catch (error) {
    console.error(error)
    results.benchmarks[name] = { error: String(error) }
  }
  console.log(`(${((performance.now() - begin) / 1000).toFixed(0)} s)`)
}

const folder = new URL('../../.tools/bench/', import.meta.url)
await mkdir(folder, { recursive: true })
await writeFile(new URL('results.json', folder), `${JSON.stringify(results, null, 2)}\n`)
// Some of them are for whoever runs them; all of them are the project's figures.
if (!wanted.length) await publish(results)

const failed = Object.values(results.benchmarks).flatMap(({ checks, error }) =>
  error ? [error] : checks.filter((c) => !c.passed && !c.goal),
)
console.log(failed.length ? `\n${failed.length} failed.` : '\nAll limits are kept.')
process.exitCode = failed.length ? 1 : 0
