import { expect, it } from 'vitest'
import { decodeBase64Url, decodeBase64UrlText } from '../../../src/core/util/base64url.ts'
import { encodeBase64Url, encodeBase64UrlText } from '../../../src/core/util/base64url-encode.ts'
import { randomBase64Url, sha256 } from '../../../src/core/util/crypto.ts'

it.each([0, 1, 2, 3, 4, 5, 31, 32, 255])('encodes and decodes %i bytes as Node does', (length) => {
  const bytes = Uint8Array.from({ length }, (_, index) => 255 - ((index * 7) % 256))
  const text = Buffer.from(bytes).toString('base64url')
  expect(encodeBase64Url(bytes)).toBe(text)
  expect(decodeBase64Url(text)).toEqual(bytes)
})

it('encodes a megabyte without overflowing the stack', () => {
  const bytes = new Uint8Array(1 << 20).fill(0xfb)
  expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
})

it.each(['-_-_', '+/+/', '+_-/'])('decodes both alphabets: %s', (text) => {
  expect([...decodeBase64Url(text)]).toEqual([0xfb, 0xff, 0xbf])
})

it.each(['YQ', 'YQ=', 'YQ==', 'YQ==='])('decodes with padding, without it and with too much: %s', (text) => {
  expect([...decodeBase64Url(text)]).toEqual([0x61])
})

it.each(['a', 'abcde', 'a b$', 'YQ=YQ', '%%%%', 'é'])('throws on what is no base64: %s', (text) => {
  expect(() => decodeBase64Url(text)).toThrow()
})

it('S69: the error does not quote the text', () => {
  const text = 'CANARY$CANARY'
  try {
    decodeBase64Url(text)
    expect.unreachable()
  } catch (error) {
    expect(String(error)).not.toContain('CANARY')
  }
})

it('carries text as UTF-8 and refuses bytes that are not', () => {
  expect(decodeBase64UrlText(encodeBase64UrlText('zoë 🔑'))).toBe('zoë 🔑')
  expect(() => decodeBase64UrlText('_w')).toThrow()
})

it('makes random values of the length asked for, never twice the same', () => {
  const values = new Set(Array.from({ length: 100 }, () => randomBase64Url(32)))
  expect(values.size).toBe(100)
  for (const value of values) expect(value).toMatch(/^[\w-]{43}$/)
})

it('hashes as RFC 7636 appendix B', async () => {
  expect(encodeBase64Url(await sha256('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'))).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
})
