/** What stands in the repository of the benchmarks: the last run of each, with its date and machine. */
import { readFileSync } from 'node:fs'

export const resultsFile = new URL('../results.json', import.meta.url)

/**
 * @typedef {{ title: string, columns: string[], rows: (string | number)[][] }} Table
 * @typedef {{ name: string, value: number, limit: string, passed: boolean, goal?: boolean }} Check
 * @typedef {{ date: string, machine: Record<string, string | number>, tables: Table[], checks: Check[] }} Benchmark
 * @typedef {Record<string, Benchmark>} Results
 */

/** @returns {Results} */
export function readResults() {
  return JSON.parse(readFileSync(resultsFile, 'utf8'))
}

/**
 * The last run of each: those of a new run in place of older ones. What failed leaves the older one.
 *
 * @param {Results} kept
 * @param {{ date: string, machine: Benchmark['machine'], benchmarks: Record<string, Pick<Benchmark, 'tables' | 'checks'> & { error?: string }> }} run
 * @returns {Results}
 */
export function merged(kept, { date, machine, benchmarks }) {
  const fresh = Object.entries(benchmarks).filter(([, { error }]) => !error)
  return { ...kept, ...Object.fromEntries(fresh.map(([name, { tables, checks }]) => [name, { date, machine, tables, checks }])) }
}

/**
 * A cell of a table, found by the beginnings of the table's title and of the row's first cells; undefined where the benchmark has not been run.
 *
 * @param {Results} results
 * @param {string} name
 * @param {string} title
 * @param {(string | number)[]} row
 * @param {string} column
 * @returns {string | undefined}
 */
export function cell(results, name, title, row, column) {
  const benchmark = results[name]
  if (!benchmark) return undefined
  const table = benchmark.tables.find((it) => it.title.startsWith(title))
  const found = table?.rows.find((cells) => row.every((text, index) => cells[index] === text))
  const value = found?.[table?.columns.indexOf(column) ?? -1]
  if (value === undefined) throw new Error(`The results of ${name} have no ${[title, ...row, column].join(' / ')}.`)
  return String(value)
}

/** The number in a cell; the first of two, which is the median. @param {string | undefined} text */
export function number(text) {
  const value = Number(/^[\d,.]+/.exec(text ?? '')?.[0].replaceAll(',', ''))
  return Number.isNaN(value) ? undefined : value
}

/** Microseconds in a cell such as `60.3 / 50.8 ms`: the median. @param {string | undefined} text */
export function microseconds(text) {
  const value = number(text)
  return value === undefined ? undefined : value * (text?.endsWith(' ms') ? 1000 : 1)
}

const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

/** When and on what. @param {Benchmark | undefined} benchmark */
export function occasion(benchmark) {
  if (!benchmark) return 'not run'
  const { cpu, cores, platform, node, load } = benchmark.machine
  return `${format.format(new Date(benchmark.date))}, Node.js ${node} on ${cpu}, ${cores} cores, ${platform}, load ${load} at the start`
}
