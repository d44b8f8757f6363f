import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ClientAuthError } from '../../../src/core/errors.ts'
import { type IdTokenExpectations, validateIdToken } from '../../../src/core/oauth/id-token.ts'
import { canary, expectNoCanary } from '../../support/canary.ts'
import { idToken, jwt } from './tokens.ts'

const now = 1_800_000_000
beforeEach(() => {
  vi.useFakeTimers({ now: now * 1000 })
})
afterEach(() => {
  vi.useRealTimers()
})

function codeOf(token: string, expectations: Partial<IdTokenExpectations> = {}): unknown {
  try {
    validateIdToken(token, { clientId: 'client', ...expectations })
    return 'fine'
  } catch (error) {
    expect(error).toBeInstanceOf(ClientAuthError)
    expect((error as ClientAuthError).message).toMatch(/^The id token's \w.+\.$/)
    return (error as ClientAuthError).code
  }
}

describe('an id token', () => {
  it('that is right gives its claims', () => {
    const claims = validateIdToken(idToken({ oid: 'o', groups: ['a'] }), { clientId: 'client' })
    expect(claims).toMatchObject({ sub: 'subject', oid: 'o', groups: ['a'], exp: now + 3600 })
  })

  it.each<[string, string]>([
    ['empty', ''],
    ['no JWT', 'x'],
    ['encrypted', 'a.b.c.d.e'],
    ['longer than 64 KiB', idToken({ padding: 'x'.repeat(65_536) })],
    ['without a signature', jwt({ alg: 'RS256' }, { sub: 'x' }, '')],
    ['of claims that are a list', jwt({ alg: 'RS256' }, [])],
  ])('S20: that is %s is id_token_invalid', (_, token) => {
    expect(codeOf(token)).toBe('id_token_invalid')
  })

  it('S20: that is encrypted by PBES2 is refused without a single one of its two billion rounds', () => {
    vi.useRealTimers()
    const header = Buffer.from(JSON.stringify({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31, p2s: 'c2FsdA' }))
    const token = `${header.toString('base64url')}.a2V5.aXY.Y2lwaGVy.dGFn`
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now()
      expect(codeOf(token)).toBe('id_token_invalid')
      return performance.now() - began
    })
    expect(Math.min(...times)).toBeLessThan(500)
  })

  it('S20: of 10 MB is refused before it is decoded', () => {
    const token = idToken({ padding: 'x'.repeat(7.5 * 1024 * 1024) })
    expect(token.length).toBeGreaterThan(10_000_000)
    const decoders = [vi.spyOn(globalThis, 'atob'), vi.spyOn(JSON, 'parse'), vi.spyOn(TextDecoder.prototype, 'decode')]
    try {
      expect(codeOf(token)).toBe('id_token_invalid')
      for (const decoder of decoders) expect(decoder).not.toHaveBeenCalled()
      expect(codeOf(idToken())).toBe('fine')
      for (const decoder of decoders) expect(decoder).toHaveBeenCalled()
    } finally {
      for (const decoder of decoders) decoder.mockRestore()
    }
  })

  it.each(['none', 'None', 'NONE', 'nOnE', '', null, undefined, 0, ['RS256'], ['none'], { alg: 'RS256' }])(
    'S14: of the algorithm %j is id_token_invalid',
    (alg) => {
      expect(codeOf(idToken({}, { alg }))).toBe('id_token_invalid')
    },
  )

  it.each(['RS256', 'PS256', 'ES256'])('of the algorithm %s is fine', (alg) => {
    expect(codeOf(idToken({}, { alg }))).toBe('fine')
  })

  it.each([undefined, null, '', 0, 42, ['subject'], {}])('S17: of the subject %j is id_token_invalid', (sub) => {
    expect(codeOf(idToken({ sub }))).toBe('id_token_invalid')
  })

  it.each([undefined, null, '', 42, ['https://idp.example']])('S16: of the issuer %j is issuer_mismatch', (iss) => {
    expect(codeOf(idToken({ iss }))).toBe('issuer_mismatch')
  })

  it.each([
    ['https://idp.example', 'fine'],
    ['https://idp.example/', 'issuer_mismatch'],
    ['https://IDP.example', 'issuer_mismatch'],
    ['http://idp.example', 'issuer_mismatch'],
    ['https://idp.example.evil.example', 'issuer_mismatch'],
  ])('S16: of the issuer %s is %s, where another is expected', (iss, expected) => {
    expect(codeOf(idToken({ iss }), { issuer: () => 'https://idp.example' })).toBe(expected)
  })

  it('S16: shows its claims to whoever knows the issuer', () => {
    const issuer = vi.fn(({ tid }: { tid?: string }) => `https://login.example/${tid}`)
    expect(codeOf(idToken({ tid: 'T', iss: 'https://login.example/T' }), { issuer })).toBe('fine')
    expect(codeOf(idToken({ tid: 'X', iss: 'https://login.example/T' }), { issuer })).toBe('issuer_mismatch')
  })

  it.each<[unknown, unknown, string]>([
    ['client', undefined, 'fine'],
    [['client'], undefined, 'fine'],
    ['client', 'client', 'fine'],
    [['client'], 'client', 'fine'],
    ['client', null, 'fine'],
    ['other', undefined, 'audience_mismatch'],
    ['Client', undefined, 'audience_mismatch'],
    [['client', 'other'], undefined, 'audience_mismatch'],
    [['client', 'other'], 'client', 'audience_mismatch'],
    [['other', 'client'], 'client', 'audience_mismatch'],
    [[], undefined, 'audience_mismatch'],
    [undefined, undefined, 'audience_mismatch'],
    [null, undefined, 'audience_mismatch'],
    [42, undefined, 'audience_mismatch'],
    [{ 0: 'client' }, undefined, 'audience_mismatch'],
    [[['client']], undefined, 'audience_mismatch'],
    ['client', 'other', 'audience_mismatch'],
    ['client', '', 'audience_mismatch'],
    ['client', ['client'], 'audience_mismatch'],
  ])('S17: of the audience %j and azp %j is %s', (aud, azp, expected) => {
    expect(codeOf(idToken({ aud, azp }))).toBe(expected)
  })

  // Clock tolerance: 120 s.
  it.each<[string, object, string]>([
    ['an end 119 s ago', { exp: now - 119 }, 'fine'],
    ['an end 120 s ago', { exp: now - 120 }, 'fine'],
    ['an end 121 s ago', { exp: now - 121 }, 'id_token_invalid'],
    ['an issue in 119 s', { iat: now + 119 }, 'fine'],
    ['an issue in 120 s', { iat: now + 120 }, 'fine'],
    ['an issue in 121 s', { iat: now + 121 }, 'id_token_invalid'],
    ['a beginning in 119 s', { nbf: now + 119 }, 'fine'],
    ['a beginning in 120 s', { nbf: now + 120 }, 'fine'],
    ['a beginning in 121 s', { nbf: now + 121 }, 'id_token_invalid'],
    ['an issue in 121 s, though it has begun', { iat: now + 121, nbf: now }, 'id_token_invalid'],
    ['an issue a week ago', { iat: now - 604_800 }, 'fine'],
    ['fractions of seconds', { iat: now - 0.5, nbf: now - 0.5, exp: now + 0.5 }, 'fine'],
    ['no end', { exp: undefined }, 'id_token_invalid'],
    ['no issue', { iat: undefined }, 'id_token_invalid'],
    ['null for an end', { exp: null }, 'id_token_invalid'],
    ['null for a beginning', { nbf: null }, 'id_token_invalid'],
    ['a text for an end', { exp: `${now + 3600}` }, 'id_token_invalid'],
    ['a text for an issue', { iat: `${now}` }, 'id_token_invalid'],
    ['a text for an issue, though it has begun', { iat: `${now}`, nbf: now }, 'id_token_invalid'],
    ['no issue, though it has begun', { iat: undefined, nbf: now }, 'id_token_invalid'],
    ['a text for a beginning', { nbf: `${now}` }, 'id_token_invalid'],
    ['a list for an end', { exp: [now + 3600] }, 'id_token_invalid'],
    ['true for an issue', { iat: true }, 'id_token_invalid'],
    ['an issue at 1e308', { iat: 1e308 }, 'id_token_invalid'],
    ['a beginning at 1e308', { nbf: 1e308 }, 'id_token_invalid'],
    ['an issue at -1e308', { iat: -1e308 }, 'fine'],
    ['an end at 1e308', { exp: 1e308 }, 'fine'],
    ['an end at -1e308', { exp: -1e308 }, 'id_token_invalid'],
    ['an end before 1970', { exp: -1 }, 'id_token_invalid'],
  ])('S18: with %s is %s', (_, claims, expected) => {
    expect(codeOf(idToken(claims))).toBe(expected)
  })

  it.each<[string, object, string]>([
    ['an end two hours ago', { exp: now - 7200, iat: now - 10_800 }, 'fine'],
    ['an issue and a beginning in two hours', { iat: now + 7200, nbf: now + 7200, exp: now + 10_800 }, 'fine'],
    ['no end', { exp: undefined }, 'id_token_invalid'],
    ['no issue', { iat: undefined }, 'id_token_invalid'],
    ['a text for a beginning', { nbf: `${now}` }, 'id_token_invalid'],
    ['another audience', { aud: 'other' }, 'audience_mismatch'],
    ['another issuer', { iss: 'https://other.example' }, 'issuer_mismatch'],
    ['no subject', { sub: undefined }, 'id_token_invalid'],
  ])('S67: of a renewal, whose times no clock is asked about, with %s is %s', (_, claims, expected) => {
    const issuer = () => 'https://idp.example'
    expect(codeOf(idToken({ iss: issuer(), ...claims }), { issuer, renewed: true })).toBe(expected)
  })

  it('S18: with an end beyond all numbers is id_token_invalid', () => {
    const text = JSON.stringify({ iss: 'i', sub: 's', aud: 'client', iat: now, exp: 0 }).replace('"exp":0', '"exp":1e999')
    expect(codeOf(jwt({ alg: 'RS256' }, text))).toBe('id_token_invalid')
  })

  it.each<[string | undefined, unknown, string]>([
    [undefined, undefined, 'fine'],
    [undefined, 'any', 'fine'],
    ['n', 'n', 'fine'],
    ['n', undefined, 'nonce_mismatch'],
    ['n', null, 'nonce_mismatch'],
    ['n', '', 'nonce_mismatch'],
    ['n', 'N', 'nonce_mismatch'],
    ['n', ['n'], 'nonce_mismatch'],
    ['', undefined, 'nonce_mismatch'],
  ])('S18: that was asked for with the nonce %j and holds %j is %s', (nonce, claim, expected) => {
    expect(codeOf(idToken({ nonce: claim }), { nonce })).toBe(expected)
  })

  it.each<[number | undefined, unknown, string]>([
    [undefined, undefined, 'fine'],
    [undefined, 1, 'fine'],
    [60, now - 60, 'fine'],
    [60, now - 179, 'fine'],
    [60, now - 180, 'fine'],
    [60, now - 181, 'auth_time_too_old'],
    [0, now - 120, 'fine'],
    [0, now - 121, 'auth_time_too_old'],
    [0, now + 119, 'fine'],
    [0, now + 120, 'fine'],
    [0, now + 121, 'auth_time_too_old'],
    [3600, now + 121, 'auth_time_too_old'],
    [0, 1e308, 'auth_time_too_old'],
    [1e9, 1e308, 'auth_time_too_old'],
    [0, -1e308, 'auth_time_too_old'],
    [undefined, 1e308, 'fine'],
    [60, undefined, 'auth_time_too_old'],
    [60, null, 'auth_time_too_old'],
    [60, `${now}`, 'auth_time_too_old'],
  ])('S18: that was asked for with a max_age of %j and has the auth_time %j is %s', (maxAge, authTime, expected) => {
    expect(codeOf(idToken({ auth_time: authTime }), { maxAge })).toBe(expected)
  })

  it('S48: of hostile claims touches nothing', () => {
    const text = JSON.stringify({ iss: 'i', sub: 's', aud: 'client', iat: now, exp: now + 9 }).replace('{', '{"__proto__":{"polluted":1},')
    const claims = validateIdToken(jwt({ alg: 'RS256' }, text), { clientId: 'client' })
    expect(Object.getPrototypeOf(claims)).toBeNull()
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined()
  })

  it.each<[string, object, Partial<IdTokenExpectations>]>([
    ['the issuer', { iss: canary('iss') }, { issuer: () => 'https://idp.example' }],
    ['the audience', { aud: canary('aud') }, {}],
    ['the nonce', { nonce: canary('sent') }, { nonce: canary('nonce') }],
    ['the life', { exp: 1 }, {}],
    ['the subject', { sub: 1 }, {}],
    ['auth_time', {}, { maxAge: 0 }],
  ])('S69: the error about %s shows nothing of the token', (_, claims, expectations) => {
    const token = idToken({ name: canary('name'), ...claims })
    try {
      validateIdToken(token, { clientId: 'client', ...expectations })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ClientAuthError)
      expectNoCanary(error)
      expect(JSON.stringify(error) + String(error)).not.toContain(token.slice(0, 20))
    }
  })
})
