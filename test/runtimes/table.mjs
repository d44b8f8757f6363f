// The README's table of runtimes. `node test/runtimes/table.mjs` writes it from the last run of the tests.
import { readFile, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'

const resultsUrl = new URL('../../.tools/runtimes.json', import.meta.url)
const readmeUrl = new URL('../../README.md', import.meta.url)
const section = /(<!-- runtimes -->\n\n)(.*?)(\n\n<!-- \/runtimes -->)/s

/** @param {{ name: string, how: string, version: string, passed: number, checks: number }[]} rows */
export function tableOf(rows) {
  const lines = rows.map(({ name, how, version, passed, checks }) => `| ${name} | ${version} | ${how} | ${passed} of ${checks} |`)
  return ['| runtime | tested | what runs there | checks passed |', '|---|---|---|---|', ...lines].join('\n')
}

/** @param {string} readme */
export function tableIn(readme) {
  const table = section.exec(readme)?.[2]
  if (!table) throw new Error('The README has no table of runtimes.')
  return table
}

/** A table but for the versions, which follow the machine. @param {string} table */
export const withoutVersions = (table) => table.replace(/^(\|[^|]*\|)[^|]*\|/gm, '$1 |')

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = JSON.parse(await readFile(resultsUrl, 'utf8'))
  const readme = await readFile(readmeUrl, 'utf8')
  tableIn(readme)
  await writeFile(
    readmeUrl,
    readme.replace(section, (_, before, _old, after) => `${before}${tableOf(rows)}${after}`),
  )
}
