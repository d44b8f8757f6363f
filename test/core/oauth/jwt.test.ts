import { describe, expect, it } from 'vitest'
import { decodeJwt } from '../../../src/core/oauth/jwt.ts'
import { jwt } from './tokens.ts'

describe('decodeJwt', () => {
  it('gives the header and the claims', () => {
    expect(decodeJwt(jwt({ alg: 'RS256' }, { sub: 'Zoë 測試' }))).toEqual({ header: { alg: 'RS256' }, claims: { sub: 'Zoë 測試' } })
  })

  it('takes both base64 alphabets, and padding', () => {
    const claims = { a: '???>>>', b: 'ÿÿ' }
    const padded = jwt({ alg: 'RS256' }, claims)
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('base64'))
      .join('.')
    expect(padded).toMatch(/[+/=]/)
    expect(decodeJwt(padded)?.claims).toEqual(claims)
  })

  const good = jwt({ alg: 'RS256' }, { sub: 'x' })
  const [header, claims, signature] = good.split('.') as [string, string, string]
  it.each<[string, string]>([
    ['an empty text', ''],
    ['one part', header],
    ['two parts', `${header}.${claims}`],
    ['four parts', `${good}.x`],
    ['five parts, as of a JWE', `${header}.${claims}.a.b.c`],
    ['an empty signature', `${header}.${claims}.`],
    ['an empty header', `.${claims}.${signature}`],
    ['empty claims', `${header}..${signature}`],
    ['a header that is no base64', `!!.${claims}.${signature}`],
    ['claims that are no base64', `${header}.%%.${signature}`],
    ['claims that are no JSON', jwt({ alg: 'RS256' }, 'x')],
    ['claims that are cut', jwt({ alg: 'RS256' }, '{"sub":"x"')],
    ['claims that are a list', jwt({ alg: 'RS256' }, [])],
    ['claims that are null', jwt({ alg: 'RS256' }, null)],
    ['a header that is a list', jwt([], { sub: 'x' })],
    ['a header that is a text', jwt('"RS256"', { sub: 'x' })],
    ['bytes that are not UTF-8', `${header}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${signature}`],
    ['claims that nest without end', jwt({ alg: 'RS256' }, `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`)],
  ])('refuses %s', (_, text) => {
    expect(decodeJwt(text)).toBeUndefined()
  })

  it('S20: refuses more than 64 KiB', () => {
    const rest = 65_536 - jwt({ alg: 'RS256' }, { sub: 'x' }, '').length
    expect(decodeJwt(jwt({ alg: 'RS256' }, { sub: 'x' }, 'x'.repeat(rest)))).toBeDefined()
    expect(decodeJwt(jwt({ alg: 'RS256' }, { sub: 'x' }, 'x'.repeat(rest + 1)))).toBeUndefined()
  })

  it('S48: claims have no prototype, and own what they are sent', () => {
    const { claims } = decodeJwt(jwt({ alg: 'RS256' }, '{"__proto__":{"polluted":1},"a":{"constructor":{"prototype":{"polluted":1}}}}'))!
    expect(Object.getPrototypeOf(claims)).toBeNull()
    expect(Object.getPrototypeOf(claims.a)).toBeNull()
    expect(Object.keys(claims)).toEqual(['__proto__', 'a'])
    expect('toString' in claims).toBe(false)
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined()
  })
})
