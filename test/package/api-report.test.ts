import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { apiReport, reports } from './api-report.mjs'
import { packageJson } from './support.ts'

const entries = Object.values<string | { types?: string }>(packageJson.exports).flatMap(
  (entry) => (typeof entry === 'object' && entry.types) || [],
)

it.each(entries)('%s exports what was reviewed', { timeout: 60_000 }, async (types) => {
  expect(await apiReport(types, { write: false })).toEqual([])
})

it('there is a report for every entry point and for nothing else', async () => {
  const names = entries.map((types) => types.replace('./dist/', '').replace('.d.ts', '.api.md'))
  expect((await readdir(reports)).sort()).toEqual(names.sort())
})

it('every public name is described', async () => {
  for (const name of await readdir(reports)) {
    const report = await readFile(join(reports, name), 'utf8')
    expect(undocumented(report), name).toEqual([])
  }
})

/** The declarations that API Extractor found without a description. A function that has several is described at the first. */
function undocumented(report: string): string[] {
  const lines = report.split('\n').map((line) => line.trim())
  const found = lines.flatMap((line, at) => (line.includes('(undocumented)') ? (lines[at + 1] ?? '') : []))
  const nameOf = (line: string) => /^export function \w+\(/.exec(line)?.[0]
  return found.filter((line) => !nameOf(line) || lines.findIndex((other) => nameOf(other) === nameOf(line)) === lines.indexOf(line))
}
