/**
 * Takes the results of a run into the repository: `results.json`, the plots, the tables of the README and of the benchmarks' README.
 *
 *   node test/bench/publish/index.mjs           the last run, which may have been of some benchmarks only
 *   node test/bench/publish/index.mjs --again   nothing new: plots and tables from the results that are there
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { plots } from './plots.mjs'
import { merged, readResults, resultsFile } from './results.mjs'
import { benchBlocks, readmeBlocks, withBlocks } from './tables.mjs'

const lastRun = new URL('../../../.tools/bench/results.json', import.meta.url)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = new URL('../plots/', import.meta.url)
const documents = [
  { url: new URL('../../../README.md', import.meta.url), blocks: readmeBlocks },
  { url: new URL('../README.md', import.meta.url), blocks: benchBlocks },
]

/** @param {Parameters<typeof merged>[1]} [run] */
export async function publish(run) {
  const results = run ? merged(readResults(), run) : readResults()
  await writeFile(resultsFile, JSON.stringify(results))
  const biome = ['node_modules/@biomejs/biome/bin/biome', 'format', '--config-path=.biome.json', '--write', fileURLToPath(resultsFile)]
  await promisify(execFile)(process.execPath, biome, { cwd: root })
  await mkdir(folder, { recursive: true })
  for (const [name, text] of plots(results)) await writeFile(new URL(name, folder), text)
  for (const { url, blocks } of documents) await writeFile(url, withBlocks(await readFile(url, 'utf8'), blocks(results)))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await publish(process.argv.includes('--again') ? undefined : JSON.parse(await readFile(lastRun, 'utf8')))
}
