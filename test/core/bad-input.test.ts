import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type AuthCodeFlow,
  AuthError,
  type AuthErrorCode,
  ClientAuthError,
  ClientConfigurationError,
  ConfidentialClientApplication,
  InteractionRequiredAuthError,
  NetworkError,
  PublicClientApplication,
  SerializableTokenCache,
  ServerError,
} from '../../src/core/index.ts'
import { canary, expectNoCanary } from '../support/canary.ts'
import { idToken, jwt } from './oauth/tokens.ts'

const tenant = '3a9c5a2c-6f8f-4a0e-9d0b-0d9b0a7c1c11'
const authority = `https://login.microsoftonline.com/${tenant}`
const issuer = `${authority}/v2.0`
const redirectUri = 'https://app.example/callback'
const clientId = 'client'
const scopes = ['User.Read']

const secrets = {
  access: canary('access'),
  refresh: canary('refresh'),
  code: canary('code'),
  secret: canary('secret'),
  name: canary('name'),
}
const person = { iss: issuer, oid: 'o', tid: tenant, preferred_username: 'mia@contoso.example', name: secrets.name }
const clientInfo = Buffer.from(JSON.stringify({ uid: 'o', utid: tenant })).toString('base64url')
const tokens = (idClaims: object = {}) => ({
  token_type: 'Bearer',
  access_token: secrets.access,
  refresh_token: secrets.refresh,
  expires_in: 3600,
  scope: 'User.Read',
  client_info: clientInfo,
  id_token: idToken({ ...person, ...idClaims }),
})

let hits: string[]
let discovery: () => Response
let answer: (form: URLSearchParams) => Response | Promise<Response>
let nonce: string
let tokenCache: SerializableTokenCache

const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
  const url = String(input)
  hits.push(url)
  if (url.includes('/discovery/instance')) return Response.json({ error: 'invalid_instance' }, { status: 400 })
  if (url.includes('/.well-known/')) return discovery()
  if (url === `${authority}/oauth2/v2.0/token`) return answer(new URLSearchParams(init?.body as URLSearchParams))
  throw new Error(`No such place: ${url}`)
}

const defaults = () => ({ clientId, authority, tokenCache, fetch: fetch as typeof globalThis.fetch, timeout: 250 })
const publicClient = (more: object = {}) => new PublicClientApplication({ ...defaults(), ...more })
const confidentialClient = (more: object = {}) =>
  new ConfidentialClientApplication({ ...defaults(), clientCredential: secrets.secret, ...more })

async function begin(app = publicClient(), more: object = {}): Promise<AuthCodeFlow> {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, ...more })
  nonce = new URL(flow.authUri).searchParams.get('nonce')!
  return flow
}
const callback = (flow: AuthCodeFlow) => `${redirectUri}?code=${secrets.code}&state=${flow.state}`

/** The error of a call: typed, free of secrets, in time, and without an effect on the cache. */
async function failure(work: () => Promise<unknown>, flow?: AuthCodeFlow): Promise<AuthError> {
  const before = tokenCache.serialize()
  const start = performance.now()
  let promise: Promise<unknown> | undefined
  expect(() => {
    promise = work()
  }).not.toThrow()
  const error = await promise!.then(
    () => expect.unreachable('The call should have failed.'),
    (reason: unknown) => reason,
  )
  expect(performance.now() - start).toBeLessThan(5000)
  expect(error).toBeInstanceOf(AuthError)
  expectNoCanary(error)
  const shown = `${JSON.stringify(error)} ${error} ${(error as Error).stack}`
  for (const secret of [flow?.codeVerifier, flow?.nonce, flow?.state, nonce]) if (secret) expect(shown).not.toContain(secret)
  expect(tokenCache.hasStateChanged).toBe(false)
  expect(tokenCache.serialize()).toBe(before)
  return error as AuthError
}

const thrown = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    expectNoCanary(error)
    return error
  }
}

beforeEach(async () => {
  hits = []
  tokenCache = new SerializableTokenCache()
  const endpoints = { authorization_endpoint: `${authority}/oauth2/v2.0/authorize`, token_endpoint: `${authority}/oauth2/v2.0/token` }
  discovery = () => Response.json({ issuer, ...endpoints })
  answer = () => Response.json(tokens({ nonce }))
  // Somebody has signed in before: there is something that could be spoiled.
  const app = publicClient()
  const flow = await begin(app)
  await app.acquireTokenByAuthCodeFlow({ flow, response: callback(flow) })
  expect(JSON.parse(tokenCache.serialize())).toHaveProperty('RefreshToken')
  hits = []
})
afterEach(() => {
  vi.useRealTimers()
})

describe('bad options', () => {
  it.each<[string, object, AuthErrorCode]>([
    ['an http authority', { authority: 'http://login.microsoftonline.com/common' }, 'authority_invalid'],
    ['no tenant', { authority: 'https://login.microsoftonline.com/' }, 'authority_invalid'],
    ['no URL', { authority: 'contoso' }, 'authority_invalid'],
    ['a password in the authority', { authority: `https://u:${secrets.secret}@login.microsoftonline.com/t` }, 'authority_invalid'],
    ['two authorities', { oidcAuthority: 'https://idp.example' }, 'invalid_argument'],
    ['no client id', { clientId: '' }, 'invalid_argument'],
    ['no timeout', { timeout: 0 }, 'invalid_argument'],
    ['openid excluded', { excludeScopes: ['openid'] }, 'invalid_argument'],
  ])('%s: the constructors throw', (_, options, code) => {
    for (const construct of [publicClient, confidentialClient]) {
      const error = thrown(() => construct(options))
      expect(error).toBeInstanceOf(ClientConfigurationError)
      expect(error).toMatchObject({ code, action: 'reconfigure' })
    }
    expect(hits).toEqual([])
  })

  it('an empty secret is credential_invalid', () => {
    expect(thrown(() => confidentialClient({ clientCredential: '' }))).toMatchObject({ code: 'credential_invalid' })
  })

  it('an unknown host is authority_unknown, and is not asked', async () => {
    const app = publicClient({ authority: 'https://login.unknown.example/contoso.com' })
    const error = await failure(() => app.initiateAuthCodeFlow({ scopes }))
    expect(error).toBeInstanceOf(ClientConfigurationError)
    expect(error.code).toBe('authority_unknown')
    expect(hits.map((url) => new URL(url).host)).toEqual(['login.microsoftonline.com'])
  })

  it.each<[string, (app: PublicClientApplication) => Promise<unknown>, AuthErrorCode]>([
    ['a reserved scope to sign in', (app) => app.initiateAuthCodeFlow({ scopes: ['openid'] }), 'scopes_reserved'],
    ['a reserved scope, interactively', (app) => app.acquireTokenInteractive({ scopes: ['offline_access'] }), 'interaction_missing'],
    ['scopes with blanks', (app) => app.initiateAuthCodeFlow({ scopes: ['a b'] }), 'invalid_argument'],
    ['scopes that are a text', (app) => app.initiateAuthCodeFlow({ scopes: 'a' as never }), 'invalid_argument'],
    ['claims that are no JSON', (app) => app.initiateAuthCodeFlow({ scopes, claimsChallenge: secrets.name }), 'invalid_argument'],
    ['a negative maxAge', (app) => app.initiateAuthCodeFlow({ scopes, maxAge: -1 }), 'invalid_argument'],
    ['a state among the extras', (app) => app.initiateAuthCodeFlow({ scopes, extraQueryParameters: { state: 'x' } }), 'invalid_argument'],
    ['no flow', (app) => app.acquireTokenByAuthCodeFlow({ flow: undefined as never, response: '?' }), 'invalid_argument'],
    ['an empty flow', (app) => app.acquireTokenByAuthCodeFlow({ flow: {} as never, response: '?' }), 'invalid_argument'],
    ['a negative timeout', (app) => app.initiateAuthCodeFlow({ scopes, timeout: -1 }), 'invalid_argument'],
  ])('%s: no request is made', async (_, run, code) => {
    expect((await failure(() => run(publicClient()))).code).toBe(code)
    expect(hits).toEqual([])
  })

  it('reserved and empty scopes, wherever scopes are named', async () => {
    const app = publicClient()
    const [account] = await app.getAccounts()
    for (const reserved of ['openid', 'profile', 'offline_access']) {
      const list = { scopes: ['User.Read', reserved], account }
      expect((await failure(() => app.acquireTokenSilent(list))).code).toBe('scopes_reserved')
      expect((await failure(() => app.acquireTokenSilentWithError(list))).code).toBe('scopes_reserved')
    }
    expect((await failure(() => app.acquireTokenSilent({ scopes: [], account }))).code).toBe('scopes_empty')
    expect((await failure(() => confidentialClient().acquireTokenForClient({ scopes: [] }))).code).toBe('scopes_empty')
    expect(hits).toEqual([])
    const flow = await begin(app)
    const response = callback(flow)
    expect((await failure(() => app.acquireTokenByAuthCodeFlow({ flow, response, scopes: ['openid'] }), flow)).code).toBe('scopes_reserved')
    expect((await failure(() => app.acquireTokenByAuthCodeFlow({ flow, response, scopes: ['Other'] }), flow)).code).toBe(
      'scope_not_in_flow',
    )
  })
})

describe('a bad answer to a sign-in', () => {
  const other = 'b0b0b0b0-6f8f-4a0e-9d0b-0d9b0a7c1c22'

  it.each<[string, (flow: AuthCodeFlow) => unknown, AuthErrorCode]>([
    ['S02: no state', () => `${redirectUri}?code=${secrets.code}`, 'state_mismatch'],
    ['S02: an empty state', () => `${redirectUri}?code=${secrets.code}&state=`, 'state_mismatch'],
    ['S02: another state', () => `${redirectUri}?code=${secrets.code}&state=${canary('state')}`, 'state_mismatch'],
    ['S02: two states', (flow) => `${callback(flow)}&state=${flow.state}`, 'bad_response'],
    ['S06: an error with another state', () => `${redirectUri}?error=access_denied&state=x`, 'state_mismatch'],
    ['S05: another iss', (flow) => `${callback(flow)}&iss=https://evil.example`, 'issuer_mismatch'],
    ['S05: an error of another iss', ({ state }) => ({ error: 'access_denied', state, iss: 'https://evil.example' }), 'issuer_mismatch'],
    ['S07: a code and an error', (flow) => `${callback(flow)}&error=access_denied`, 'bad_response'],
    ['S07: a token beside the code', (flow) => `${callback(flow)}&access_token=${secrets.access}`, 'bad_response'],
    ['S07: a token in the fragment', (flow) => `${callback(flow)}#access_token=${secrets.access}`, 'bad_response'],
    ['neither code nor error', ({ state }) => ({ state }), 'bad_response'],
    ['nothing', () => undefined, 'invalid_argument'],
    ['an error', ({ state }) => ({ error: 'access_denied', error_description: 'x', state }), 'server_error'],
    ['an error for a person', ({ state }) => ({ error: 'login_required', state }), 'interaction_required'],
    ['an error that is no word', ({ state }) => ({ error: `<img ${secrets.name}>`, state }), 'server_error'],
  ])('%s: the code is not sent', async (_, response, code) => {
    const app = publicClient()
    const flow = await begin(app)
    const error = await failure(() => app.acquireTokenByAuthCodeFlow({ flow, response: response(flow) as string }), flow)
    expect(error.code).toBe(code)
    expect(hits.filter((url) => url.endsWith('/token'))).toEqual([])
  })

  it('S04: after ten minutes is flow_expired', async () => {
    const app = publicClient()
    const flow = await begin(app)
    vi.useFakeTimers({ now: Date.now() + 601_000, toFake: ['Date'] })
    expect((await failure(() => app.acquireTokenByAuthCodeFlow({ flow, response: callback(flow) }), flow)).code).toBe('flow_expired')
    expect(hits.filter((url) => url.endsWith('/token'))).toEqual([])
  })

  it('S05: of another client is flow_unknown', async () => {
    const flow = await begin()
    const app = publicClient({ clientId: 'other' })
    expect((await failure(() => app.acquireTokenByAuthCodeFlow({ flow, response: callback(flow) }), flow)).code).toBe('flow_unknown')
  })

  it.each<[string, () => string | undefined, AuthErrorCode]>([
    ['no id token', () => undefined, 'id_token_invalid'],
    ['no JWT', () => secrets.name, 'id_token_invalid'],
    ['S14: alg none', () => jwt({ alg: 'None' }, {}), 'id_token_invalid'],
    ['S16: another issuer', () => idToken({ ...person, nonce, iss: 'https://evil.example/v2.0' }), 'issuer_mismatch'],
    ['S16: another tenant', () => idToken({ ...person, nonce, iss: issuer.replace(tenant, other), tid: other }), 'issuer_mismatch'],
    ['S17: another audience', () => idToken({ ...person, nonce, aud: canary('audience') }), 'audience_mismatch'],
    ['S17: a further audience', () => idToken({ ...person, nonce, aud: [clientId, 'other'] }), 'audience_mismatch'],
    ['S17: no subject', () => idToken({ ...person, nonce, sub: undefined }), 'id_token_invalid'],
    ['S18: a life that is over', () => idToken({ ...person, nonce, exp: 1 }), 'id_token_invalid'],
    ['S18: another nonce', () => idToken({ ...person, nonce: canary('nonce') }), 'nonce_mismatch'],
    ['S18: no nonce', () => idToken(person), 'nonce_mismatch'],
    ['S18: no auth_time', () => idToken({ ...person, nonce }), 'auth_time_too_old'],
  ])('S13: with %s is stored nowhere', async (_, token, code) => {
    const app = publicClient()
    const flow = await begin(app, code === 'auth_time_too_old' ? { maxAge: 60_000 } : {})
    answer = () => Response.json({ ...tokens(), id_token: token() })
    const error = await failure(() => app.acquireTokenByAuthCodeFlow({ flow, response: callback(flow) }), flow)
    expect(error).toBeInstanceOf(ClientAuthError)
    expect(error.code).toBe(code)
    expect(hits.filter((url) => url.endsWith('/token'))).toHaveLength(1)
  })
})

const stalled = (start = '') =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(start)),
    }),
  )

const malformed: [string, () => Response, AuthErrorCode][] = [
  ['HTML', () => new Response(`<html>${secrets.name}</html>`), 'bad_response'],
  ['HTML of status 400', () => new Response(`<html>${secrets.name}</html>`, { status: 400 }), 'bad_response'],
  ['HTML of status 503', () => new Response(`<html>${secrets.name}</html>`, { status: 503 }), 'server_unavailable'],
  ['an array', () => Response.json([tokens()]), 'bad_response'],
  ['null', () => Response.json(null), 'bad_response'],
  ['a text', () => Response.json(secrets.access), 'bad_response'],
  ['an empty body', () => new Response(''), 'bad_response'],
  ['an empty object', () => Response.json({}), 'bad_response'],
  ['a body that is cut', () => new Response(JSON.stringify(tokens()).slice(0, -1)), 'bad_response'],
  ['bytes that are not UTF-8', () => new Response(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), 'bad_response'],
  ['no access token', () => Response.json({ ...tokens(), access_token: undefined }), 'bad_response'],
  ['an access token that is no text', () => Response.json({ ...tokens(), access_token: [secrets.access] }), 'bad_response'],
  ['an unknown token type', () => Response.json({ ...tokens(), token_type: 'constructor' }), 'bad_response'],
  ['expires_in: null', () => Response.json({ ...tokens(), expires_in: null }), 'bad_response'],
  ['expires_in: a word', () => Response.json({ ...tokens(), expires_in: secrets.name }), 'bad_response'],
  ['a client_info that is none', () => Response.json({ ...tokens(), client_info: secrets.name }), 'bad_response'],
  ['200 with an error', () => Response.json({ ...tokens(), error: 'invalid_request', error_description: 'x' }), 'server_error'],
  ['200 with an error of null', () => Response.json({ ...tokens(), error: null }), 'server_error'],
  ['201', () => Response.json(tokens(), { status: 201 }), 'bad_response'],
  ['a redirect', () => new Response('', { status: 307, headers: { location: 'https://evil.example/' } }), 'bad_response'],
  ['a stalled body', () => stalled(), 'timed_out'],
  ['a body that stalls in the middle', () => stalled(JSON.stringify(tokens()).slice(0, 99)), 'timed_out'],
  ['more than a mebibyte', () => new Response(' '.repeat((1 << 20) + 1)), 'too_large'],
]

function expectClass(error: AuthError): void {
  expect(error).toBeInstanceOf(error.code === 'server_error' ? ServerError : NetworkError)
}

describe('S10 S11 S36 S39: a bad answer of the token endpoint', () => {
  it.each(malformed)('%s, to a code', async (_, response, code) => {
    const app = publicClient()
    const flow = await begin(app)
    answer = response
    const error = await failure(() => app.acquireTokenByAuthCodeFlow({ flow, response: callback(flow) }), flow)
    expect(error.code).toBe(code)
    expectClass(error)
    expect(hits.filter((url) => !url.startsWith(authority))).toEqual([])
  })

  it.each(malformed)('%s, to a refresh token', async (_, response, code) => {
    const app = publicClient()
    const [account] = await app.getAccounts()
    answer = response
    const error = await failure(() => app.acquireTokenSilentWithError({ scopes, account, forceRefresh: true }))
    expect(error.code).toBe(code)
    expectClass(error)
    // S29: the refresh token is as good as before. (A request that has just timed out is still under way for a moment.)
    await new Promise((resolve) => setTimeout(resolve, 20))
    answer = () => Response.json({ ...tokens(), access_token: 'fresh' })
    expect((await publicClient().acquireTokenSilent({ scopes, account, forceRefresh: true }))?.accessToken).toBe('fresh')
  })

  it.each(malformed.filter(([name]) => !name.includes('client_info')))('%s, to a client secret', async (_, response, code) => {
    answer = response
    const error = await failure(() => confidentialClient().acquireTokenForClient({ scopes: ['https://graph.microsoft.com/.default'] }))
    expect(error.code).toBe(code)
    expectClass(error)
  })
})

describe('S71: a provider that repeats what it was sent', () => {
  const echo = (form: URLSearchParams) =>
    Response.json(
      {
        error: form.get('client_secret') ? 'invalid_client' : 'invalid_grant',
        error_description: `AADSTS70000: <script> ${form}\u0007 ${[...form.values()].join(' ')}`,
        error_uri: `https://login.example/?${form}`,
        error_codes: [70000],
        claims: JSON.stringify([...form.values()]),
        trace_id: form.get('code') ?? form.get('refresh_token'),
      },
      { status: 400 },
    )

  it('shows no secret of a code', async () => {
    const app = publicClient()
    const flow = await begin(app)
    answer = echo
    const error = await failure(() => app.acquireTokenByAuthCodeFlow({ flow, response: callback(flow) }), flow)
    expect(error).toMatchObject({ code: 'server_error', error: 'invalid_grant', errorCodes: [70000] })
    expect((error as ServerError).errorDescription).toContain('***')
    expect((error as ServerError).errorDescription).not.toContain('\u0007')
  })

  it('shows no secret of a refresh token', async () => {
    const app = publicClient()
    const [account] = await app.getAccounts()
    answer = (form) => echo(new URLSearchParams({ refresh_token: form.get('refresh_token')! }))
    const error = await failure(() => app.acquireTokenSilentWithError({ scopes, account, forceRefresh: true }))
    expect(error).toBeInstanceOf(InteractionRequiredAuthError)
    expect(error.message).toBe('The identity provider answered invalid_grant (AADSTS70000).')
  })

  it('shows no client secret', async () => {
    answer = echo
    const error = await failure(() => confidentialClient().acquireTokenForClient({ scopes }))
    expect(error).toMatchObject({ error: 'invalid_client', action: 'reconfigure' })
  })
})

describe('a bad discovery document', () => {
  it.each<[string, () => Response, AuthErrorCode]>([
    ['HTML', () => new Response('<html>'), 'bad_response'],
    ['an array', () => Response.json([]), 'bad_response'],
    ['an empty object', () => Response.json({}), 'metadata_invalid'],
    ['another issuer', () => Response.json({ issuer: 'https://evil.example/v2.0' }), 'metadata_invalid'],
    ['an issuer of garbage', () => Response.json({ issuer: 'https://login.microsoftonline.com/%/v2.0' }), 'metadata_invalid'],
    ['404', () => Response.json({ error: 'invalid_tenant' }, { status: 404 }), 'metadata_invalid'],
    ['503', () => new Response('', { status: 503 }), 'server_unavailable'],
    ['a stalled body', () => stalled('{'), 'timed_out'],
    ['more than 512 KiB', () => new Response(' '.repeat((1 << 19) + 1)), 'too_large'],
  ])('%s sends no credential anywhere', async (_, response, code) => {
    discovery = response
    const error = await failure(() => confidentialClient().acquireTokenForClient({ scopes }))
    expect(error.code).toBe(code)
    expect(hits.filter((url) => !url.includes('/.well-known/'))).toEqual([])
  })
})
