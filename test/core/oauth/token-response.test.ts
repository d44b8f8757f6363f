import { afterEach, describe, expect, it, vi } from 'vitest'
import { NetworkError } from '../../../src/core/errors.ts'
import { parseTokenResponse } from '../../../src/core/oauth/token-response.ts'
import { parseRecord } from '../../../src/core/util/record.ts'
import { canary, expectNoCanary } from '../../support/canary.ts'

const year = 365 * 24 * 3600
const good = { access_token: 'at', token_type: 'Bearer', expires_in: 3600 }

/** The answer in the way that one comes: by JSON. `undefined` leaves a field out. */
const parse = (fields: object) => parseTokenResponse(parseRecord(JSON.stringify({ ...good, ...fields }))!)

function badField(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(NetworkError)
    expect(error).toMatchObject({ code: 'bad_response', action: 'report', status: 200 })
    return /^The token response's (\w+) is missing or malformed\.$/.exec((error as Error).message)?.[1]
  }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a token response', () => {
  it('S10: gives what it holds', () => {
    const client_info = Buffer.from('{"uid":"u","utid":"t"}').toString('base64url')
    const answer = {
      ext_expires_in: 7200,
      refresh_in: 1800,
      scope: 'b a',
      refresh_token: 'rt',
      id_token: 'a.b.c',
      foci: '1',
      client_info,
      unknown: 1,
    }
    expect(parse(answer)).toEqual({
      accessToken: 'at',
      tokenType: 'Bearer',
      expiresIn: 3600,
      extExpiresIn: 7200,
      refreshIn: 1800,
      scopes: ['b', 'a'],
      refreshToken: 'rt',
      idToken: 'a.b.c',
      familyId: '1',
      clientInfo: client_info,
    })
  })

  it('S10: holds nothing that it was not sent', () => {
    expect(parse({})).toEqual({ accessToken: 'at', tokenType: 'Bearer', expiresIn: 3600, extExpiresIn: 3600 })
  })

  it.each([undefined, null, '', 0, 42, true, [], ['at'], {}])('S10: an access_token of %j is bad_response', (access_token) => {
    expect(badField(() => parse({ access_token }))).toBe('access_token')
  })

  it.each(['Bearer', 'bEaReR', 'DPoP', 'pop', 'ssh-cert'])('S10: the token_type %s is known', (token_type) => {
    expect(parse({ token_type }).tokenType).toBe(token_type)
  })

  it.each([undefined, null, ''])('a token_type of %j stands for Bearer', (token_type) => {
    expect(parse({ token_type }).tokenType).toBe('Bearer')
  })

  it.each(['constructor', '__proto__', 'toString', 'mac', 'Bearer ', 'Bearer\nx', 'N_A', 42, true, {}, ['Bearer']])(
    'S10: a token_type of %j is bad_response',
    (token_type) => {
      expect(badField(() => parse({ token_type }))).toBe('token_type')
    },
  )

  it.each<[unknown, number]>([
    [0, 0],
    [1, 1],
    [3600, 3600],
    ['3600', 3600],
    ['0', 0],
    [3599.9, 3599],
    ['3599.9', 3599],
    ['3599.95', 3599],
    [1e308, year],
    [year + 1, year],
    ['99999999999999999999', year],
    [undefined, 600],
  ])('S11: an expires_in of %j is %i s', (expires_in, seconds) => {
    expect(parse({ expires_in }).expiresIn).toBe(seconds)
    expect(parse({ expires_in, ext_expires_in: expires_in }).extExpiresIn).toBe(seconds)
  })

  const noNumbers = [-1, -0.5, null, '', 'x', '-1', '+1', '1e3', '0x10', ' 1', '3600s', 'NaN', 'Infinity', [], [3600], {}, true, false]
  it.each(noNumbers)('S11: an expires_in of %j is bad_response', (value) => {
    for (const name of ['expires_in', 'ext_expires_in', 'refresh_in', 'expires_on'])
      expect(badField(() => parse({ [name]: value }))).toBe(name)
  })

  it('S11: a number beyond all numbers is bad_response', () => {
    expect(badField(() => parseTokenResponse(parseRecord('{"access_token":"at","expires_in":1e999}')!))).toBe('expires_in')
    expect(badField(() => parse({ expires_in: '9'.repeat(400) }))).toBe('expires_in')
  })

  it('expires_on stands in where expires_in is missing', () => {
    vi.useFakeTimers({ now: 1_800_000_000_500 })
    const of = (expires_on: unknown, expires_in?: number) => parse({ expires_on, expires_in }).expiresIn
    expect(of(1_800_000_100)).toBe(100)
    expect(of('1800000100')).toBe(100)
    expect(of(1_700_000_000)).toBe(0)
    expect(of(1e18)).toBe(year)
    expect(of(1_800_000_100, 3600)).toBe(3600)
  })

  it.each(['scope', 'refresh_token', 'id_token', 'foci', 'client_info'])('a %s that is no text is bad_response; null is none', (name) => {
    for (const value of [0, 1, true, [], ['x'], {}]) expect(badField(() => parse({ [name]: value }))).toBe(name)
    for (const value of [null, '', undefined]) expect(parse({ [name]: value })).toEqual(parse({}))
  })

  it('S12: a scope of blanks counts as none', () => {
    expect(parse({ scope: ' ' })).toEqual(parse({}))
    expect(parse({ scope: ' a  b ' }).scopes).toEqual(['a', 'b'])
  })

  it('S48: keys of the prototype are data', () => {
    const answer = parseRecord('{"access_token":"at","__proto__":{"access_token":"x","polluted":1},"constructor":{"prototype":{}}}')!
    expect(parseTokenResponse(answer)).toEqual({ accessToken: 'at', tokenType: 'Bearer', expiresIn: 600, extExpiresIn: 600 })
    expect(badField(() => parseTokenResponse(parseRecord('{"__proto__":{"access_token":"at"}}')!))).toBe('access_token')
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined()
  })

  it('S69: the error shows nothing of the answer', () => {
    const answer = { access_token: canary('at'), refresh_token: canary('rt'), id_token: canary('idt'), expires_in: canary('expires') }
    try {
      parseTokenResponse(answer, 'correlation')
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'bad_response', correlationId: 'correlation' })
      expectNoCanary(error)
    }
  })
})
