import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, sourceFiles } from './support.ts'

/** Faults of MSAL Python that are not repeated here: of security (S) and of correctness (C). Each has a test that names it in its title. */
const ids = [...Array.from({ length: 15 }, (_, index) => `S${index + 1}`), ...Array.from({ length: 24 }, (_, index) => `C${index + 1}`)]

/** What cannot be tested here, and why. */
const notApplicable: Record<string, string> = {}

const quoted = String.raw`(['"\`])((?:\\.|(?!\1)[^\\])*)\1`
const titleForms = [
  // it('…'), describe.skipIf(condition)('…'), it.each(rows)('…')
  new RegExp(String.raw`(?:\b(?:it|test|describe)(?:\.\w+)*|\))\(\s*${quoted}`, 'g'),
  // ['…', of a row that gives a title its name
  new RegExp(String.raw`^\s*\[\s*${quoted}\s*,`, 'gm'),
]

const titles = sourceFiles('test')
  .filter((path) => path.endsWith('.test.ts') && path !== 'test/package/incumbent-faults.test.ts')
  .flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    return titleForms.flatMap((form) => [...text.matchAll(form)].map(([, , title]) => title!))
  })

/** Two digits after an S are also the number of a security requirement; such a fault is named together with its list. */
const pattern = (id: string) => new RegExp(String.raw`${/^S\d\d$/.test(id) ? 'wire-protocol ' : ''}\b${id}\b`)

describe('a fault of MSAL Python', () => {
  it('titles are found', () => {
    expect(titles.length).toBeGreaterThan(500)
  })

  it.each(ids.filter((id) => !(id in notApplicable)))('%s has a test', (id) => {
    expect(titles.filter((title) => pattern(id).test(title))).not.toEqual([])
  })

  it('is excused only where it exists and no test names it', () => {
    for (const [id, reason] of Object.entries(notApplicable)) {
      expect(ids).toContain(id)
      expect(reason).not.toBe('')
      expect(
        titles.filter((title) => pattern(id).test(title)),
        id,
      ).toEqual([])
    }
  })
})
