import { expect, test } from 'vitest'
import { basicAuthorization, proxyTable } from '../../src/node/proxy-table.ts'

const find = (option: Record<string, string>, target: string) => proxyTable(option)?.(new URL(target))?.url

test('the most specific key wins, as in requests', () => {
  const table = {
    all: 'http://a',
    https: 'http://b',
    'all://login.example': 'http://c',
    'https://login.example': 'http://d',
    'https://login.example:8443': 'http://e',
  }
  expect(find(table, 'http://x.example/')).toBe('http://a')
  expect(find(table, 'https://x.example/')).toBe('http://b')
  expect(find(table, 'http://login.example/')).toBe('http://c')
  expect(find(table, 'https://login.example/')).toBe('http://d')
  expect(find(table, 'https://login.example:444/')).toBe('http://d')
  expect(find(table, 'https://login.example:8443/')).toBe('http://e')
})

test('keys are read in either case; an empty value is a direct connection', () => {
  expect(find({ HTTPS: 'http://a', 'https://Login.Example': '' }, 'https://x.example/')).toBe('http://a')
  expect(find({ HTTPS: 'http://a', 'https://Login.Example': '' }, 'https://login.example/')).toBeUndefined()
})

test.each([
  ['x.example', 'https://x.example/', true],
  ['x.example', 'https://deep.x.example/', true],
  ['x.example', 'https://notx.example/', false],
  ['.x.example', 'https://deep.x.example/', true],
  ['*.x.example', 'https://deep.x.example/', true],
  ['a.example, X.Example', 'https://x.example/', true],
  ['a.example b.example', 'https://b.example/', true],
  ['x.example:8443', 'https://x.example:8443/', true],
  ['x.example:8443', 'https://x.example/', false],
  ['x.example:443', 'https://x.example/', true],
  ['x.example:80', 'http://x.example/', true],
  ['*', 'https://anything.example/', true],
  ['127.0.0.1', 'http://127.0.0.1:8080/', true],
  ['::1', 'http://[::1]:8080/', true],
  ['[::1]', 'http://[::1]:8080/', true],
  ['[::1]:8080', 'http://[::1]:8080/', true],
  ['[::1]:80', 'http://[::1]:8080/', false],
  ['', 'https://x.example/', false],
  [' , ', 'https://x.example/', false],
])('no_proxy %j, %s: direct %s', (no_proxy, target, direct) => {
  expect(find({ all: 'http://a', no_proxy }, target)).toBe(direct ? undefined : 'http://a')
})

test('keys that objects have by nature are no proxies', () => {
  expect(() => proxyTable(JSON.parse('{"__proto__": "http://a"}'))).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  expect(find({ http: 'http://a' }, 'constructor://x')).toBeUndefined()
})

test('basicAuthorization', () => {
  expect(basicAuthorization({ url: '', username: '', password: '' })).toBeUndefined()
  expect(basicAuthorization({ url: '', username: 'ü', password: '' })).toBe(`Basic ${Buffer.from('ü:').toString('base64')}`)
})
