import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { breaks, unbroken } from '../security/breaks.mjs'
import { ids, reasons, requirements } from '../security/requirements.mjs'
import { root } from './support.ts'

const readme = await readFile(join(root, 'test/README.md'), 'utf8')
const rows = new Map([...readme.matchAll(/^\| (S\d\d) \|(.*)\|$/gm)].map(([, id = '', row = '']) => [id, row]))

/** The requirements that a test file names. The rows of the matrix of faults, which name some too, are in a file of their own. */
async function namedIn(path: string): Promise<string[]> {
  const paths = path.startsWith('faults/matrix') ? [path, 'faults/matrix/faults.ts'] : [path]
  const texts = await Promise.all(paths.map((each) => readFile(join(root, 'test', each), 'utf8')))
  return ids(texts.join('\n'))
}

describe('The table of requirements', () => {
  it('has all eighty, in order', () => {
    expect(Object.keys(requirements)).toEqual(Array.from({ length: 80 }, (_, index) => `S${String(index + 1).padStart(2, '0')}`))
    expect([...rows.keys()]).toEqual(Object.keys(requirements))
  })

  it.each(Object.entries(requirements))('tells where %s is proved, or why not: %s', async (id, title) => {
    const row = rows.get(id) ?? ''
    expect(row).toContain(title)
    const files = [...row.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path)
    if (reasons[id] || !files.length) expect(row).toContain(reasons[id] ?? 'a reason')
    for (const path of files) {
      expect((await namedIn(path)).includes(id) || path.startsWith('runtimes/') || path.startsWith('conformance/'), path).toBe(true)
    }
  })
})

describe('The breaks that the tests must notice', () => {
  it('are one at least for each requirement that applies', () => {
    const broken = new Set(breaks.map(({ id }) => id))
    expect(Object.keys(requirements).filter((id) => !broken.has(id))).toEqual(Object.keys(unbroken))
  })

  it.each(breaks)('$id: $find is once in $file, and $test has a test of it', async ({ id, file, find, replace, test }) => {
    const text = await readFile(join(root, file), 'utf8')
    expect(text.split(find)).toHaveLength(2)
    expect(text.replace(find, () => replace)).not.toBe(text)
    expect(await namedIn(test.slice('test/'.length))).toContain(id)
  })
})
