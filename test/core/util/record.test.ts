import { expect, it } from 'vitest'
import { isRecord, parseRecord, toRecord } from '../../../src/core/util/record.ts'

it('a record is an object that is neither null nor an array', () => {
  expect([{}, Object.create(null)].every(isRecord)).toBe(true)
  expect([null, undefined, [], 'x', 1, true, () => {}].some(isRecord)).toBe(false)
})

it('a copy has no prototype, and a foreign __proto__ is a key like any other', () => {
  const copy = toRecord(JSON.parse('{"__proto__":{"polluted":1},"a":1}'))
  expect(Object.getPrototypeOf(copy)).toBeNull()
  expect(Object.keys(copy)).toEqual(['__proto__', 'a'])
  expect('constructor' in toRecord()).toBe(false)
})

it('parses JSON objects only', () => {
  expect(parseRecord('{"a":[{"b":null}]}')).toEqual({ a: [{ b: null }] })
  for (const text of ['', ' ', '[]', '[{}]', 'null', '1', '"x"', '{', '{"a":1}x', '\uFEFF{}', '{a:1}', 'undefined']) {
    expect(parseRecord(text)).toBeUndefined()
  }
})

it('S39 refuses what nests deeper than 32 levels', () => {
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}{}${'}'.repeat(levels)}`
  expect(parseRecord(nested(31))).toBeDefined()
  expect(parseRecord(nested(32))).toBeUndefined()
  expect(parseRecord(nested(100_000))).toBeUndefined()
  expect(parseRecord(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toBeUndefined()
})
