import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ids, reasons, requirements } from '../security/requirements.mjs'
import { root } from './support.ts'

const readme = await readFile(join(root, 'test/README.md'), 'utf8')
const rows = new Map([...readme.matchAll(/^\| (S\d\d) \|(.*)\|$/gm)].map(([, id = '', row = '']) => [id, row]))

describe('The table of requirements', () => {
  it('has all eighty, in order', () => {
    expect(Object.keys(requirements)).toEqual(Array.from({ length: 80 }, (_, index) => `S${String(index + 1).padStart(2, '0')}`))
    expect([...rows.keys()]).toEqual(Object.keys(requirements))
  })

  it.each(Object.entries(requirements))('tells where %s is proved, or why not: %s', async (id, title) => {
    const row = rows.get(id) ?? ''
    expect(row).toContain(title)
    const files = [...row.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path)
    if (!files.length) expect(row).toContain(reasons[id] ?? 'a reason')
    for (const path of files) {
      const text = await readFile(join(root, 'test', path), 'utf8')
      expect(ids(text).includes(id) || path.startsWith('runtimes/') || path.startsWith('conformance/'), path).toBe(true)
    }
  })
})
