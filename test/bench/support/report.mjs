/** What a benchmark reports: tables of text and numbers, and checks that decide about success. */
import { cpus, loadavg } from 'node:os'

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  node: process.versions.node,
  v8: process.versions.v8,
  platform: `${process.platform} ${process.arch}`,
  load: Number(loadavg()[0].toFixed(1)),
})

/** A check that a value is not above its limit, or not below it. */
export const atMost = (name, value, limit) => ({ name, value: round(value), limit: `≤ ${limit}`, passed: value <= limit })
export const atLeast = (name, value, limit) => ({ name, value: round(value), limit: `≥ ${limit}`, passed: value >= limit })
/** A goal that is reported, but does not fail the run. */
export const goal = (check) => ({ ...check, goal: true })

const round = (value) => (Number.isInteger(value) ? value : Number(value.toPrecision(3)))

/** Microseconds as `median / min`, in the unit in which they are easy to read. */
export function time(summary) {
  if (!summary) return '–'
  const { median, min } = summary
  if (min < 1000) return `${digits(median)} / ${digits(min)} µs`
  return `${digits(median / 1000)} / ${digits(min / 1000)} ms`
}

export const digits = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : `${Number(value.toPrecision(3))}`)
export const count = (value) => (value === undefined ? '–' : value.toLocaleString('en'))

export function printTable({ title, columns, rows }) {
  const lines = [columns, ...rows].map((row) => row.map(String))
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const cell = (text, column) => (column ? text.padStart(widths[column]) : text.padEnd(widths[column]))
  const [head, ...body] = lines.map((line) => `| ${line.map(cell).join(' | ')} |`)
  const rule = `|${widths.map((width, column) => (column ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`
  console.log(`\n${title}\n\n${[head, rule, ...body].join('\n')}`)
}

export function printChecks(checks) {
  for (const { name, value, limit, passed, goal } of checks) {
    const verdict = passed ? 'ok  ' : goal ? 'MISS' : 'FAIL'
    console.log(`${verdict}  ${name}: ${value} (${goal ? 'goal' : 'limit'} ${limit})`)
  }
}
