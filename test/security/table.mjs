/**
 * Writes the table of test/README.md: each requirement, the tests that prove it, and where they passed in the last full run.
 *
 *   npm test && node test/security/table.mjs
 */
import { readFile, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ids, reasons, requirements } from './requirements.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = fileURLToPath(new URL('../README.md', import.meta.url))

const { testResults } = JSON.parse(await readFile(`${root}.tools/test-results.json`, 'utf8'))
const proofs = new Map(Object.keys(requirements).map((id) => [id, { count: 0, files: new Set(), runtimes: new Set() }]))

for (const { name: path, assertionResults } of testResults) {
  const file = relative(root, path).replaceAll('\\', '/')
  // Those are about this table, and about a list of other numbers.
  if (/package\/(requirements|incumbent-faults)/.test(file)) continue
  const text = await readFile(path, 'utf8')
  for (const { fullName, ancestorTitles, status } of assertionResults) {
    if (status === 'failed' && ids(fullName).length) throw new Error(`${fullName} failed`)
    if (status !== 'passed') continue
    for (const id of new Set(ids(fullName))) {
      const proof = proofs.get(id)
      proof.count += 1
      proof.files.add(file)
      proof.runtimes.add(runtimeOf(file, text, ancestorTitles))
    }
  }
}

const rows = [...proofs].map(([id, { count, files, runtimes }]) => {
  const reason = reasons[id]
  if (!count && !reason) throw new Error(`${id} has no test that passed, and no reason`)
  const links = [...files].sort().map((file) => `[${file.slice('test/'.length, -'.test.ts'.length)}](${file.slice('test/'.length)})`)
  const proof = [count ? `${count}: ${links.join(', ')}` : '', reason ?? ''].filter(Boolean).join('. ')
  return `| ${id} | ${requirements[id]} | ${proof} | ${[...runtimes].sort().join(', ') || '—'} |`
})
const table = ['| | what must hold | tests that passed | in |', '|---|---|---|---|', ...rows].join('\n')

const markers = /(<!-- requirements -->\n)[\s\S]*(<!-- \/requirements -->)/
await writeFile(
  readme,
  (await readFile(readme, 'utf8')).replace(markers, (_, before, after) => `${before}\n${table}\n\n${after}`),
)

/** The suite of all runtimes names them; elsewhere the test file shows whom it starts. */
function runtimeOf(file, text, [group]) {
  if (file.startsWith('test/runtimes/')) return group.replace(/ \(.*/, '')
  if (/chromium|startSetting/i.test(text)) return 'Chromium'
  if (/miniflare|workerd-support/.test(text)) return 'workerd'
  return 'Node.js 20'
}
