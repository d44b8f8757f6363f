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

  it('leaves out what stands in place of a section that it knows, and keeps no more of an empty one than there is', () => {
    const { entries, foreign } = readSections('{"AccessToken":5,"IdToken":[1],"Account":{},"Custom":5}')!
    expect(entries).toEqual([])
    expect(foreign).toEqual({ Custom: 5 })
    const entity = { environment: 'e', home_account_id: 'h' }
    expect(writeSections([{ type: 'AccessToken', key: 'k', entity }], foreign)).toBe(
      `{"AccessToken":{"k":${JSON.stringify(entity)}},"Custom":5}`,
    )
    expect(readSections(`{"Custom":${'['.repeat(32)}${']'.repeat(32)}}`)!.foreign).toEqual({ Custom: expect.anything() })
    expect(readSections(`{"Custom":${'['.repeat(33)}${']'.repeat(33)}}`)!.foreign).toEqual({})
  })

  it('keys name what other MSALs look by, whatever fields an entry has besides', () => {
    const entity = { environment: 'E', home_account_id: 'H', client_id: 'C', realm: 'R', target: 'T', secret: 's' }
    const keyOf = (type: 'AccessToken' | 'RefreshToken' | 'IdToken') =>
      Object.keys(JSON.parse(writeSections([{ type, key: '', entity }], {}))[type])
    expect(keyOf('AccessToken')).toEqual(['h-e-accesstoken-c-r-t'])
    expect(keyOf('RefreshToken')).toEqual(['h-e-refreshtoken-c--t'])
    expect(keyOf('IdToken')).toEqual(['h-e-idtoken-c-r-'])
  })

  it('is nothing but a JSON object', () => {
    for (const text of ['', 'null', '[]', '1', '"text"', '{', '\ufeff{}', 'undefined']) expect(readSections(text), text).toBeUndefined()
  })
})
