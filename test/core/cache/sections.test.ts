import { describe, expect, it } from 'vitest'
import { readSections, writeSections } from '../../../src/core/cache/sections.ts'

const written = (text: string) => {
  const { entries, foreign } = readSections(text)!
  return writeSections(entries, foreign)
}

describe('the unified schema', () => {
  it.each([
    ['sections that nobody knows', '{"AccessToken":{"k":{"secret":"a"}},"Custom":{"a":[1,{"b":null}],"c":{}},"Other":"text","Empty":null}'],
    ['entries that are no objects', '{"AccessToken":{"k":{"secret":"a"},"n":null,"l":[1],"s":"text"}}'],
    ['S48 names of prototypes, as sections', '{"AccessToken":{"k":{"secret":"a"}},"__proto__":{"x":{"y":1}},"constructor":{"x":{"y":1}}}'],
    [
      'S48 names of prototypes, as keys and fields',
      '{"AccessToken":{"__proto__":{"secret":"a","__proto__":{"y":1}},"constructor":{"toString":"t"}}}',
    ],
  ])('keeps %s', (_what, text) => {
    // Compared as text: an expectation on objects would pass over the names of prototypes.
    const sorted = (json: string) => json.split(/(?<=[{,])|(?=[},])/).sort()
    expect(sorted(written(text))).toEqual(sorted(text))
    expect(({} as { y?: unknown }).y).toBeUndefined()
  })

  it('leaves out what nests deeper than 32 levels, and keeps what is beside it', () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
    const section = (levels: number) => `{"k":{"secret":"a"},"deep":${deep(levels)}}`
    const text = (levels: number) => `{"IdToken":${section(levels)},"Custom":${section(levels)}}`
    expect(JSON.parse(written(text(32)))).toEqual(JSON.parse(text(32)))
    for (const levels of [33, 100_000]) {
      expect(JSON.parse(written(text(levels)))).toEqual({ IdToken: { k: { secret: 'a' } }, Custom: { k: { secret: 'a' } } })
    }
  })

  it('is nothing but a JSON object', () => {
    for (const text of ['', 'null', '[]', '1', '"text"', '{', '\ufeff{}', 'undefined']) expect(readSections(text), text).toBeUndefined()
  })
})
