import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { AuthError, isAuthError } from '../../../src/core/errors.ts'
import { checkAuthorizationResponse, readAuthorizationResponse } from '../../../src/core/oauth/authorization-response.ts'
import { canary, expectNoCanary } from '../../support/canary.ts'

const callback = 'https://app.example/callback'
const form = (body: string) =>
  new Request(callback, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })

function formData(entries: [string, string | Blob][]): FormData {
  const data = new FormData()
  for (const [name, value] of entries) data.append(name, value as string)
  return data
}

const read = (response: unknown) => readAuthorizationResponse(response as string, { timeout: 10_000 })

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return error === undefined ? undefined : codeIn(error)
}

function codeIn(error: unknown): string {
  expect(error).toBeInstanceOf(AuthError)
  const { code, message } = error as AuthError
  if (code === 'bad_response') expect(message).toMatch(/^The authorization response \w.+\.$/)
  return code
}

describe('an authorization response', () => {
  const parameters = { code: 'c+/=', state: 's', session_state: 'x y' }
  const query = new URLSearchParams(parameters).toString()
  class LikeUrl {
    readonly searchParams = new URLSearchParams(query)
  }

  it.each<[string, () => unknown]>([
    ['a URL with a query', () => `${callback}?${query}`],
    ['a URL with a fragment', () => `${callback}#${query}`],
    ['a URL with a fragment and a query of its own', () => `${callback}?page=1#${query}`],
    ['a relative URL', () => `/callback?${query}`],
    ['a query', () => `?${query}`],
    ['a fragment', () => `#${query}`],
    ['a custom scheme', () => `msauth.com.example://auth?${query}`],
    ['URLSearchParams', () => new URLSearchParams(query)],
    ['a URL object', () => new URL(`${callback}?${query}`)],
    ['a URL object with a fragment', () => new URL(`${callback}#${query}`)],
    ['an object with searchParams', () => ({ searchParams: new URLSearchParams(query), state: 'ignored' })],
    ['an object of a class with searchParams', () => new LikeUrl()],
    ['a GET request', () => new Request(`${callback}?${query}`)],
    ['a posted form', () => form(query)],
    ['FormData', () => formData(Object.entries(parameters))],
    ['a record', () => ({ ...parameters })],
    ['a record without a prototype', () => Object.assign(Object.create(null), parameters)],
  ])('as %s is read', async (_, response) => {
    expect({ ...(await read(response())) }).toEqual(parameters)
  })

  it('is read from the fragment, not from the query of the page', async () => {
    expect({ ...(await read(`${callback}?page=1&x=2#code=c&state=s`)) }).toEqual({ code: 'c', state: 's' })
    expect({ ...(await read(`${callback}?code=c&state=s#_=_`)) }).toEqual({ code: 'c', state: 's' })
  })

  it('of a posted form is not looked for in its URL', async () => {
    const response = new Request(`${callback}?code=evil&state=evil`, { method: 'POST', body: 'code=c&state=s' })
    expect({ ...(await read(response)) }).toEqual({ code: 'c', state: 's' })
  })

  it.each<[string, () => unknown]>([
    ['a query and a fragment', () => `${callback}?code=c&state=s#code=c&state=s`],
    ['a state in the query and a code in the fragment', () => `${callback}?state=s#code=c`],
    ['S07: tokens in the fragment beside a query', () => `${callback}?code=c&state=s#access_token=t`],
    ['S07: an id token in the fragment beside a query', () => `${callback}?code=c&state=s#id_token=t`],
    ['S02: a repeated state', () => `${callback}?code=c&state=s&state=s`],
    ['S07: a repeated code', () => `${callback}?code=c&code=d&state=s`],
    ['S07: a repeated foreign parameter', () => `${callback}?code=c&state=s&x=1&x=2`],
    ['S07: a repeated parameter of a prototype name', () => `${callback}?code=c&state=s&__proto__=1&__proto__=2`],
    ['a repeated parameter in a fragment', () => `${callback}#code=c&code=c&state=s`],
    ['a repeated parameter in URLSearchParams', () => new URLSearchParams('a=1&a=1')],
    ['a repeated parameter in a form', () => form('code=c&state=s&state=s')],
    ['a repeated parameter in FormData', () => formData([...'ss'].map((value) => ['state', value]))],
    ['a list in a record', () => ({ code: ['c', 'd'], state: 's' })],
    ['null in a record', () => ({ code: 'c', state: null })],
    ['an object in a record', () => ({ code: 'c', state: { toString: () => 's' } })],
    ['a file in FormData', () => formData([['state', new Blob(['s'])]])],
    ['a URL that is none', () => 'http://[x'],
  ])('with %s is bad_response', async (_, response) => {
    expect(await codeOf(read(response()))).toBe('bad_response')
  })

  it.each([undefined, null, 42, true, [], [['code', 'c']], () => 1])('that is %j is invalid_argument', async (response) => {
    expect(await codeOf(read(response))).toBe('invalid_argument')
  })

  it('whose body has been read is invalid_argument', async () => {
    const response = form(query)
    await response.text()
    expect(await codeOf(read(response))).toBe('invalid_argument')
  })

  it('whose body breaks off is bad_response, and shows nothing of it', async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error(canary('body'))) })
    const response = new Request(callback, { method: 'POST', body, duplex: 'half' } as RequestInit)
    const error = await read(response).catch((reason: unknown) => reason)
    expect(isAuthError(error, 'bad_response')).toBe(true)
    expectNoCanary(error)
  })

  it('S48: names of the prototype are data', async () => {
    for (const response of [
      `${callback}?__proto__=polluted&constructor=x&toString=y`,
      new URLSearchParams('__proto__=polluted&constructor=x&toString=y'),
      form('__proto__=polluted&constructor=x&toString=y'),
      JSON.parse('{"__proto__":"polluted","constructor":"x","toString":"y"}'),
    ]) {
      const parameters = await read(response)
      expect(Object.getPrototypeOf(parameters)).toBeNull()
      expect(Object.entries(parameters)).toEqual([
        ['__proto__', 'polluted'],
        ['constructor', 'x'],
        ['toString', 'y'],
      ])
      expect(parameters.state).toBeUndefined()
    }
  })
})

describe('the check of an authorization response', () => {
  const issuer = 'https://as.example'
  const expected = { state: 'good-state', isIssuer: (iss: string): boolean => iss === issuer, issRequired: false }

  function check(parameters: object, more: Partial<typeof expected> = {}): unknown {
    try {
      return checkAuthorizationResponse(Object.assign(Object.create(null), parameters), { ...expected, ...more })
    } catch (error) {
      return codeIn(error)
    }
  }

  it('gives the code, or the error', () => {
    expect(check({ code: 'c', state: 'good-state' })).toBe('c')
    const refusal = { error: 'access_denied', state: 'good-state', error_description: 'd' }
    expect(check(refusal)).toEqual({ error: expect.objectContaining(refusal) })
    expect(check({ error: 'access_denied', code: '', state: 'good-state' })).toHaveProperty('error.error', 'access_denied')
  })

  it.each<[string, object]>([
    ['none', {}],
    ['empty', { state: '' }],
    ['another', { state: 'bad-state' }],
    ['longer', { state: 'good-state ' }],
    ['of another case', { state: 'Good-State' }],
  ])('S02 S06: a state that is %s is state_mismatch before anything else', (_, state) => {
    const isIssuer = vi.fn(() => false)
    for (const answer of [
      { code: 'c' },
      { error: 'access_denied' },
      { code: 'c', error: 'x' },
      { code: 'c', iss: 'https://evil.example' },
      { code: 'c', access_token: 't' },
      {},
    ])
      expect(check({ ...answer, ...state }, { isIssuer, issRequired: true })).toBe('state_mismatch')
    expect(isIssuer).not.toHaveBeenCalled()
  })

  it('S02: an empty state is no match for an empty one', () => {
    expect(check({ code: 'c', state: '' }, { state: '' })).toBe('state_mismatch')
  })

  it.each<[string | undefined, boolean, boolean]>([
    [issuer, true, true],
    [issuer, false, true],
    [undefined, false, true],
    [undefined, true, false],
    ['', false, false],
    [`${issuer}/`, false, false],
    ['https://evil.example', true, false],
    ['HTTPS://AS.EXAMPLE', false, false],
  ])('S05: an iss of %j, promised: %s, is fine: %s', (iss, issRequired, fine) => {
    const withIss = { state: 'good-state', ...(iss !== undefined && { iss }) }
    expect(check({ ...withIss, code: 'c' }, { issRequired })).toBe(fine ? 'c' : 'issuer_mismatch')
    const refused = check({ ...withIss, error: 'access_denied' }, { issRequired })
    if (fine) expect(refused).toHaveProperty('error.error', 'access_denied')
    else expect(refused).toBe('issuer_mismatch')
  })

  it.each<[string, object]>([
    ['a code and an error', { code: 'c', error: 'access_denied' }],
    ['neither', {}],
    ['neither, as both are empty', { code: '', error: '' }],
    ['an access token', { code: 'c', access_token: 't' }],
    ['an empty access token', { code: 'c', access_token: '' }],
    ['an id token', { code: 'c', id_token: 't' }],
    ['an error and a token', { error: 'x', id_token: 't' }],
    ['tokens alone', { access_token: 't', token_type: 'Bearer' }],
  ])('S07: %s is bad_response', (_, parameters) => {
    expect(check({ ...parameters, state: 'good-state' })).toBe('bad_response')
  })

  it('S69: no error shows a code or a state', () => {
    for (const parameters of [
      { code: canary('code'), state: canary('state') },
      { code: canary('code'), state: 'good-state', iss: canary('iss') },
      { code: canary('code'), state: 'good-state', error: canary('error') },
      { code: canary('code'), state: 'good-state', id_token: canary('token') },
    ])
      try {
        checkAuthorizationResponse(parameters, { ...expected, issRequired: false })
        expect.unreachable()
      } catch (error) {
        expect(error).toBeInstanceOf(AuthError)
        expectNoCanary(error)
      }
  })

  it('S07 S79: any callback URL gives a result or an AuthError', async () => {
    const name = fc.constantFrom(
      'code',
      'state',
      'error',
      'iss',
      'access_token',
      'id_token',
      '__proto__',
      'constructor',
      'hasOwnProperty',
      '',
      'x',
    )
    const value = fc.oneof(
      fc.constantFrom('good-state', 'c', '', issuer, 'access_denied', '%', '%00', '%zz', '%ff', '+', '&', '#'),
      fc.string({ unit: 'binary' }),
    )
    const random = fc.tuple(name, value, fc.boolean()).map(([key, text, raw]) => `${key}=${raw ? text : encodeURIComponent(text)}`)
    const pair = fc.oneof(fc.constantFrom('state=good-state', 'code=c', 'error=access_denied', `iss=${issuer}`), random)
    const part = fc.array(pair, { maxLength: 5 }).map((pairs) => pairs.join('&'))
    const parts = fc.oneof(fc.tuple(part, fc.constant('')), fc.tuple(fc.constant(''), part), fc.tuple(part, part))
    const start = fc.constantFrom(callback, '/callback', '', 'msauth://auth', 'https://[::1', '//', 'javascript:x', '\\\\')
    const url = fc.tuple(start, parts).map(([base, [query, fragment]]) => `${base}?${query}#${fragment}`)
    let results = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 9, arbitrary: url }, fc.string()), async (text) => {
        try {
          const parameters = await read(text)
          const answer = checkAuthorizationResponse(parameters, expected)
          expect(parameters.state).toBe('good-state')
          expect(parameters.iss ?? issuer).toBe(issuer)
          if (typeof answer === 'string') expect(answer).not.toBe('')
          else expect(answer.error.error).not.toBe('')
          results++
        } catch (error) {
          if (!isAuthError(error)) throw error
          expect(['state_mismatch', 'issuer_mismatch', 'bad_response']).toContain(error.code)
        }
      }),
      { numRuns: 5000 },
    )
    expect(results).toBeGreaterThan(20)
  })
})
