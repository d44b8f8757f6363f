import { describe, expect, it } from 'vitest'
import { ClientAuthError, ClientConfigurationError, NetworkError } from '../../src/core/errors.ts'
import { parseClaimsChallenge } from '../../src/core/oauth/claims-challenge.ts'
import { type ChallengeOptions, challenge, challengeFor } from '../../src/edge/challenge.ts'

const header = (response: Response) => response.headers.get('www-authenticate')
const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } })

describe('challenge', () => {
  it.each<[ChallengeOptions | undefined, number, string]>([
    [undefined, 401, 'Bearer'],
    [{ scopes: ['a', 'b'] }, 401, 'Bearer scope="a b"'],
    [{ error: 'invalid_token' }, 401, 'Bearer error="invalid_token"'],
    [
      { error: 'insufficient_scope', scopes: ['api://notes/Notes.Read'] },
      403,
      'Bearer error="insufficient_scope", scope="api://notes/Notes.Read"',
    ],
    [{ error: 'invalid_request' }, 400, 'Bearer error="invalid_request"'],
    [
      { error: 'invalid_token', authority: new URL('https://login.microsoftonline.com/common') },
      401,
      'Bearer authorization_uri="https://login.microsoftonline.com/common", error="invalid_token"',
    ],
  ])('%j', (options, status, text) => {
    const response = challenge(options)
    expect([response.status, header(response)]).toEqual([status, text])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it.each([claims, JSON.stringify({ id_token: { name: 'Mía "the" \\ 陳' } }), JSON.stringify({ a: 'x'.repeat(3000) })])(
    'carries claims that parseClaimsChallenge reads: %.40s',
    (text) => {
      const response = challenge({ claims: text, authority: 'https://login.microsoftonline.com/common', scopes: ['a'] })
      expect(response.status).toBe(401)
      expect(header(response)).toContain('error="insufficient_claims"')
      expect(parseClaimsChallenge(response.headers)).toBe(text)
    },
  )

  it('says claims as the Microsoft identity platform’s own APIs do', () => {
    const own = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="${btoa(claims)}"`
    const ours = header(challenge({ claims, authority: 'https://login.microsoftonline.com/common/oauth2/authorize' }))!
    const parametersOf = (text: string) => new Set(text.slice(7).split(', '))
    expect(parametersOf(`${ours}, realm=""`)).toEqual(parametersOf(own))
  })

  it.each([
    null,
    5,
    'invalid_token',
    [],
    { error: '' },
    { error: 5 },
    { error: Symbol('x') },
    { scopes: '' },
    { scopes: 'a' },
    { scopes: [Symbol('x')] },
    { scopes: { join: 1 } },
    { claims: {} },
    { claims: Symbol('x') },
    { authority: 5 },
    { authority: Symbol('x') },
  ])('S72 S76 refuses %o', (options) => {
    expect(() => challenge(options as never)).toThrow(
      expect.objectContaining({ name: 'ClientConfigurationError', code: 'invalid_argument' }),
    )
  })

  it.each(['constructor', 'toString', '__proto__'])('an error of the name %s is an error like any other', (error) => {
    const response = challenge({ error: error as never })
    expect([response.status, header(response)]).toEqual([401, `Bearer error="${error}"`])
  })

  it('lets nobody add a header or a parameter', () => {
    const hostile = 'a"\r\nset-cookie: x=1\r\n\r\n, claims="e30\\\u0000\u2028é'
    const response = challenge({ scopes: [hostile], authority: hostile, error: hostile as never })
    expect([...response.headers.keys()].sort()).toEqual(['cache-control', 'www-authenticate'])
    expect(header(response)).toMatch(/^Bearer (\w+="([^"\\]|\\.)*"(, |$)){3}$/)
    expect(parseClaimsChallenge(response.headers)).toBeNull()
    expect(header(response)!.match(/^[\x20-\x7e]*$/)).not.toBeNull()
  })
})

describe('challengeFor', () => {
  it.each([
    [new ClientAuthError('id_token_invalid', 'why'), 401, 'invalid_token'],
    [new ClientAuthError('audience_mismatch', 'why'), 401, 'invalid_token'],
    [new ClientAuthError('issuer_mismatch', 'why'), 401, 'invalid_token'],
    [new ClientAuthError('scope_not_in_flow', 'why'), 403, 'insufficient_scope'],
  ])('%o', (error, status, word) => {
    const response = challengeFor(error, { scopes: ['Notes.Read'] })
    expect([response.status, header(response)]).toEqual([status, `Bearer error="${word}", scope="Notes.Read"`])
  })

  it('does not blame the caller for keys that cannot be fetched', () => {
    const answers = [new NetworkError('unreachable', 'why'), new NetworkError('server_unavailable', 'why', { retryAfter: 4500 })].map(
      (error) => challengeFor(error, { scopes: ['a'] }),
    )
    expect(answers.map(({ status, headers }) => [status, headers.get('retry-after'), headers.get('www-authenticate')])).toEqual([
      [503, '1', null],
      [503, '5', null],
    ])
  })

  it('throws what is no answer', () => {
    for (const error of [new ClientConfigurationError('authority_invalid', 'why'), new TypeError('bug'), undefined]) {
      let thrown: unknown = 'nothing'
      try {
        challengeFor(error)
      } catch (caught) {
        thrown = caught
      }
      expect(thrown).toBe(error)
    }
  })
})
