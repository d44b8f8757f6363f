import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type AuthorizationRequestUrlOptions, SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider, homeAccountIdOf, jwt, lost, type Reply, raw, refuse, tokens } from '../../support/fake-provider.ts'
import { authority, clientId, codeOf, confidentialClient, errorOf, publicClient, scopes, secrets, signedIn } from './support.ts'

const redirectUri = 'https://app.example/callback'

function created(options: Parameters<typeof publicClient>[1] = {}) {
  const provider = new FakeProvider()
  const tokenCache = new SerializableTokenCache()
  return { provider, tokenCache, app: publicClient(provider, { tokenCache, ...options }) }
}

describe('a refresh token from elsewhere', () => {
  const refreshToken = 'an-older-library.s-refresh-token'

  it('is redeemed with the capabilities of the client (C10)', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider, { clientCapabilities: ['CP1'] })
    await app.acquireTokenByRefreshToken({
      refreshToken,
      scopes: ['B', 'A'],
      correlationId: 'c-1',
      extraBodyParameters: { more: '1' },
      extraQueryParameters: { dc: 'x' },
    })
    expect(provider.lastForm).toEqual({
      client_id: clientId,
      client_secret: 'a-secret',
      client_info: '1',
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      scope: 'A B offline_access openid profile',
      claims: '{"access_token":{"xms_cc":{"values":["CP1"]}}}',
      more: '1',
    })
    const { headers, url } = provider.tokenRequests()[0]!
    expect(url.search).toBe('?dc=x')
    expect(headers).toMatchObject({ 'client-request-id': 'c-1', 'x-client-current-telemetry': '4|85,1|' })
    // Whose it is, nobody knows yet.
    expect(headers).not.toHaveProperty('x-anchormailbox')
  })

  it('its owner is signed in from then on', async () => {
    const { provider, app } = created()
    const result = await app.acquireTokenByRefreshToken({ refreshToken, scopes })
    expect(result).toMatchObject({
      tokenSource: 'identity_provider',
      account: { homeAccountId: homeAccountIdOf(alice), username: alice.username },
      idTokenClaims: { oid: alice.uid },
    })
    expect(result.account).not.toHaveProperty('accountSource')
    expect(await app.getAccounts()).toEqual([result.account])
    expect(await app.acquireTokenSilent({ scopes, account: result.account })).toMatchObject({
      accessToken: result.accessToken,
      tokenSource: 'cache',
    })
    expect(provider.count()).toBe(1)
  })

  it('is replaced by the one that the answer brings', async () => {
    const { app, tokenCache } = created()
    await app.acquireTokenByRefreshToken({ refreshToken, scopes })
    const held = await secrets(tokenCache, 'RefreshToken')
    expect(held).toHaveLength(1)
    expect(held).not.toContain(refreshToken)
  })

  it.each([undefined, null, ''])('is kept where the answer brings no other (C10): %o', async (none) => {
    const { provider, app, tokenCache } = created()
    provider.replies.push(tokens({ refresh_token: none }))
    const { account } = await app.acquireTokenByRefreshToken({ refreshToken, scopes })
    expect(await secrets(tokenCache, 'RefreshToken')).toEqual([refreshToken])
    expect(await app.acquireTokenSilent({ scopes: ['Mail.Read'], account })).toMatchObject({ tokenSource: 'identity_provider' })
    expect(provider.lastForm.refresh_token).toBe(refreshToken)
  })

  it('several, one after the other, each with its owner', async () => {
    const { provider, app } = created()
    for (const person of [alice, bob]) {
      const result = await app.acquireTokenByRefreshToken({ refreshToken: provider.refreshTokenOf(person), scopes })
      expect(result.account.username).toBe(person.username)
    }
    expect((await app.getAccounts()).map(({ username }) => username).sort()).toEqual([alice.username, bob.username])
  })

  it.each<[string, object, string]>([
    ['no token', { refreshToken: undefined }, 'invalid_argument'],
    ['an empty token', { refreshToken: '' }, 'invalid_argument'],
    ['a token that is no text', { refreshToken: { secret: 'x' } }, 'invalid_argument'],
    ['no scopes', { scopes: [] }, 'scopes_empty'],
    ['scopes that are no array', { scopes: 'A' }, 'invalid_argument'],
    ['a reserved scope', { scopes: ['offline_access'] }, 'scopes_reserved'],
    ['another token in the form', { extraBodyParameters: { refresh_token: 'x' } }, 'invalid_argument'],
  ])('nothing is sent for %s', async (_, options, code) => {
    const { provider, app } = created()
    expect(await codeOf(app.acquireTokenByRefreshToken({ refreshToken, scopes, ...options }))).toBe(code)
    expect(provider.requests).toEqual([])
  })

  it.each<[string, Reply, object]>([
    [
      'invalid_grant',
      refuse('invalid_grant', { suberror: 'bad_token', error_description: `${refreshToken} is old` }),
      { code: 'interaction_required', action: 'interact', suberror: 'bad_token', classification: '', errorDescription: '*** is old' },
    ],
    ['interaction_required', refuse('interaction_required', { claims: '{"a":1}' }), { code: 'interaction_required', claims: '{"a":1}' }],
    ['invalid_client', refuse('invalid_client', {}, 401), { code: 'server_error', action: 'reconfigure' }],
    ['503', raw(503), { code: 'server_unavailable' }],
    ['a lost connection', lost(), { code: 'unreachable' }],
    ["another client's id token", tokens({ id_token: 'x' }), { code: 'id_token_invalid' }],
  ])('%s is thrown, and nothing lost or stored', async (_, reply, error) => {
    const { provider, app, tokenCache, account } = await signedIn()
    const before = tokenCache.serialize()
    provider.replies.push(reply)
    expect(await errorOf(app.acquireTokenByRefreshToken({ refreshToken, scopes, correlationId: 'c-1' }))).toMatchObject({
      ...error,
      correlationId: 'c-1',
    })
    expect(JSON.parse(tokenCache.serialize())).toEqual(JSON.parse(before))
    expect(await app.getAccounts()).toEqual([account])
  })
})

describe('a code that was asked for elsewhere', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const idToken = (changes: object) =>
    jwt({
      iss: `https://login.microsoftonline.com/${alice.utid}/v2.0`,
      aud: clientId,
      sub: 's',
      oid: alice.uid,
      tid: alice.utid,
      iat: now(),
      exp: now() + 3600,
      ...changes,
    })

  it('is redeemed with what the caller has', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider, { clientCapabilities: ['CP1'], excludeScopes: ['profile'] })
    const result = await app.acquireTokenByAuthorizationCode({
      code: 'a-code',
      scopes: ['B', 'A'],
      redirectUri,
      codeVerifier: 'v'.repeat(43),
      claimsChallenge: '{"id_token":{"a":null}}',
      correlationId: 'c-1',
      extraBodyParameters: { more: '1' },
    })
    expect(provider.lastForm).toEqual({
      client_id: clientId,
      client_secret: 'a-secret',
      client_info: '1',
      grant_type: 'authorization_code',
      code: 'a-code',
      code_verifier: 'v'.repeat(43),
      redirect_uri: redirectUri,
      scope: 'A B offline_access openid',
      claims: '{"id_token":{"a":null},"access_token":{"xms_cc":{"values":["CP1"]}}}',
      more: '1',
    })
    expect(result).toMatchObject({
      tokenSource: 'identity_provider',
      correlationId: 'c-1',
      account: { username: alice.username, accountSource: 'authorization_code' },
    })
    expect(await app.acquireTokenSilent({ scopes: ['A'], account: result.account })).toMatchObject({ tokenSource: 'cache' })
  })

  it('sends nothing that the caller does not have', async () => {
    const { provider, app } = created()
    await app.acquireTokenByAuthorizationCode({ code: 'a-code', scopes })
    expect(provider.lastForm).toEqual({
      client_id: clientId,
      client_info: '1',
      grant_type: 'authorization_code',
      code: 'a-code',
      scope: 'User.Read offline_access openid profile',
    })
  })

  it('answers the URL that was made for it, with the nonce as it is', async () => {
    const { provider, app } = created()
    const url = await app.getAuthorizationRequestUrl({ scopes, state: 's', nonce: 'a raw nonce', redirectUri })
    const code = new URL(provider.signIn(url)).searchParams.get('code')!
    // The fake provider wants a code verifier otherwise.
    provider.onToken = () => tokens()
    const result = await app.acquireTokenByAuthorizationCode({ code, scopes, redirectUri, nonce: 'a raw nonce' })
    expect(result.idTokenClaims).toMatchObject({ nonce: 'a raw nonce', oid: alice.uid })
  })

  it.each<[string, string | undefined, object | undefined, string]>([
    ['another nonce', 'n', { nonce: 'm' }, 'nonce_mismatch'],
    ['no nonce', 'n', {}, 'nonce_mismatch'],
    ['a nonce in other case', 'n', { nonce: 'N' }, 'nonce_mismatch'],
    ['the hash of the nonce', 'n', { nonce: createHash('sha256').update('n').digest('hex') }, 'nonce_mismatch'],
    ['no id token, where a nonce was sent', 'n', undefined, 'id_token_invalid'],
    ['an empty nonce', '', {}, 'nonce_mismatch'],
    ['another issuer', undefined, { iss: 'https://evil.example' }, 'issuer_mismatch'],
    ['another audience', undefined, { aud: 'x' }, 'audience_mismatch'],
    ['an id token that is over', undefined, { exp: 1 }, 'id_token_invalid'],
  ])('%s is refused, and nothing stored (S4, S5)', async (_, nonce, claims, code) => {
    const { provider, app, tokenCache } = created()
    provider.replies.push(tokens({ id_token: claims && idToken(claims) }))
    const error = await errorOf(
      app.acquireTokenByAuthorizationCode({ code: 'c', scopes, correlationId: 'c-1', ...(nonce !== undefined && { nonce }) }),
    )
    expect(error).toMatchObject({ code, correlationId: 'c-1' })
    expect(Object.keys(error)).not.toContain('options')
    expect(await app.getAccounts()).toEqual([])
    expect(await secrets(tokenCache, 'AccessToken')).toEqual([])
  })

  it('needs no id token where no nonce was sent', async () => {
    const { provider, app } = created()
    provider.replies.push(tokens({ id_token: undefined }))
    expect(await app.acquireTokenByAuthorizationCode({ code: 'c', scopes })).toMatchObject({
      account: { homeAccountId: homeAccountIdOf(alice), username: '' },
    })
  })

  it.each<[string, object, string]>([
    ['no code', { code: undefined }, 'invalid_argument'],
    ['an empty code', { code: '' }, 'invalid_argument'],
    ['a code that is no text', { code: 7 }, 'invalid_argument'],
    ['no scopes', { scopes: [] }, 'scopes_empty'],
    ['a reserved scope', { scopes: ['openid'] }, 'scopes_reserved'],
    ['a challenge that is no JSON', { claimsChallenge: '[]' }, 'invalid_argument'],
    ['another code in the form', { extraBodyParameters: { code: 'x' } }, 'invalid_argument'],
  ])('nothing is sent for %s', async (_, options, code) => {
    const { provider, app } = created()
    expect(await codeOf(app.acquireTokenByAuthorizationCode({ code: 'c', scopes, ...options }))).toBe(code)
    expect(provider.requests).toEqual([])
  })

  it('is never sent twice, and a refusal is a plain error without it', async () => {
    const { provider, app } = created()
    const code = 'a-code-of-some-length'
    provider.replies.push(lost(), refuse('invalid_grant', { error_description: `${code} is over` }))
    expect(await codeOf(app.acquireTokenByAuthorizationCode({ code, scopes }))).toBe('unreachable')
    expect(provider.count()).toBe(1)
    expect(await errorOf(app.acquireTokenByAuthorizationCode({ code, scopes }))).toMatchObject({
      code: 'server_error',
      error: 'invalid_grant',
      errorDescription: '*** is over',
    })
  })
})

describe('the URL of a request without a record', () => {
  const endpoint = `https://login.microsoftonline.com/${alice.utid}/oauth2/v2.0/authorize`
  const base = {
    client_id: clientId,
    response_type: 'code',
    scope: 'User.Read offline_access openid profile',
  }
  const all: AuthorizationRequestUrlOptions = { scopes }

  it.each<[string, Partial<AuthorizationRequestUrlOptions>, Record<string, string>]>([
    ['nothing but scopes', {}, {}],
    ['scopes', { scopes: ['B', 'A'] }, { scope: 'A B offline_access openid profile' }],
    ['redirectUri', { redirectUri }, { redirect_uri: redirectUri }],
    ['state', { state: 'a state & more' }, { state: 'a state & more' }],
    ['nonce, as it is', { nonce: 'a nonce' }, { nonce: 'a nonce' }],
    ['responseType', { responseType: 'code id_token' }, { response_type: 'code id_token' }],
    ['loginHint', { loginHint: 'zoë+1@contoso.example' }, { login_hint: 'zoë+1@contoso.example' }],
    ['domainHint', { domainHint: 'consumers' }, { domain_hint: 'consumers' }],
    ['prompt', { prompt: 'select_account' }, { prompt: 'select_account' }],
    ['claimsChallenge', { claimsChallenge: '{"a":"b"}' }, { claims: '{"a":"b"}' }],
    ['extraQueryParameters', { extraQueryParameters: { slice: 'x', more: '&' } }, { slice: 'x', more: '&' }],
    ['empty options', { state: '', nonce: '', prompt: '', loginHint: '', claimsChallenge: '' }, {}],
  ])('%s', async (_, options, expected) => {
    const { provider, app } = created()
    const url = new URL(await app.getAuthorizationRequestUrl({ ...all, ...options }))
    expect(url.origin + url.pathname).toBe(endpoint)
    expect([...url.searchParams].sort()).toEqual(Object.entries({ ...base, ...expected }).sort())
    expect(provider.count()).toBe(0)
  })

  it("capabilities and excluded scopes are the client's", async () => {
    const { app } = created({ clientCapabilities: ['CP1'], excludeScopes: ['offline_access', 'profile'] })
    const { searchParams } = new URL(await app.getAuthorizationRequestUrl({ scopes }))
    expect(Object.fromEntries(searchParams)).toEqual({
      ...base,
      scope: 'User.Read openid',
      claims: '{"access_token":{"xms_cc":{"values":["CP1"]}}}',
    })
  })

  it('what the endpoint has of its own stays', async () => {
    const { provider, app } = created({ authority })
    provider.onRequest = ({ url }) =>
      url.pathname.endsWith('openid-configuration')
        ? Response.json({ ...provider.discovery(url), authorization_endpoint: `${endpoint}?p=b2c_1&state=x` })
        : undefined
    const { searchParams } = new URL(await app.getAuthorizationRequestUrl({ scopes, state: 'mine' }))
    expect(searchParams.get('p')).toBe('b2c_1')
    expect(searchParams.getAll('state')).toEqual(['mine'])
  })

  it.each([
    'client_id',
    'redirect_uri',
    'response_type',
    'response_mode',
    'scope',
    'STATE',
    'nonce',
    'claims',
    'code_challenge',
    'prompt',
    'login_hint',
  ])('invalid_argument: %s as an extra parameter', async (name) => {
    const { provider, app } = created()
    expect(await codeOf(app.getAuthorizationRequestUrl({ scopes, extraQueryParameters: { [name]: 'x' } }))).toBe('invalid_argument')
    expect(provider.requests).toEqual([])
  })

  it.each<[string, object, string]>([
    ['no scopes', { scopes: [] }, 'scopes_empty'],
    ['no options', undefined as never, 'invalid_argument'],
    ['a reserved scope', { scopes: ['profile'] }, 'scopes_reserved'],
    ['a challenge that is no JSON', { scopes, claimsChallenge: 'x' }, 'invalid_argument'],
  ])('%s', async (_, options, code) => {
    const { provider, app } = created()
    expect(await codeOf(app.getAuthorizationRequestUrl(options as never))).toBe(code)
    expect(provider.requests).toEqual([])
  })
})
