import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider, homeAccountIdOf, lost, type Reply, raw, refuse, tokens } from '../../support/fake-provider.ts'
import { authority, clientId, codeOf, confidentialClient, errorOf, scopes, secrets, settled, signedIn } from './support.ts'

const start = Date.UTC(2030, 0, 1)
beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const userAssertion = 'a.users.token'
const another = 'another.users.token'
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

function created(options: Parameters<typeof confidentialClient>[1] = {}) {
  const provider = new FakeProvider()
  const tokenCache = options.tokenCache instanceof SerializableTokenCache ? options.tokenCache : new SerializableTokenCache()
  return { provider, tokenCache, app: confidentialClient(provider, { ...options, tokenCache }) }
}

/** A client that has got a token for one assertion, an hour ago: only its refresh token is of use. */
async function aged(options: Parameters<typeof confidentialClient>[1] = {}) {
  const parts = created(options)
  const first = await parts.app.acquireTokenOnBehalfOf({ userAssertion, scopes })
  later(3500)
  parts.provider.requests.length = 0
  return { ...parts, first }
}

/** Asserts that nothing is asked of the provider meanwhile. */
async function offline<T>(provider: FakeProvider, task: () => Promise<T>): Promise<T> {
  const before = provider.requests.length
  const value = await task()
  expect(provider.requests.length).toBe(before)
  return value
}

const used = ({ requests }: FakeProvider) => requests.flatMap(({ form }) => form.grant_type ?? [])

describe('the request', () => {
  it('holds the assertion and what it is to be used for', async () => {
    const { provider, app } = created({ clientCapabilities: ['CP1'] })
    const result = await app.acquireTokenOnBehalfOf({
      userAssertion,
      scopes: ['B', 'A'],
      claimsChallenge: '{"id_token":{"a":null}}',
      correlationId: 'c-1',
      extraBodyParameters: { more: '1' },
    })
    expect(provider.lastForm).toEqual({
      client_id: clientId,
      client_secret: 'a-secret',
      client_info: '1',
      grant_type: grant,
      requested_token_use: 'on_behalf_of',
      assertion: userAssertion,
      scope: 'A B offline_access openid profile',
      claims: '{"id_token":{"a":null},"access_token":{"xms_cc":{"values":["CP1"]}}}',
      more: '1',
    })
    expect(provider.tokenRequests()[0]!.headers).toMatchObject({ 'client-request-id': 'c-1', 'x-client-current-telemetry': '4|523,1|' })
    expect(result).toMatchObject({
      tokenSource: 'identity_provider',
      correlationId: 'c-1',
      scopes: expect.arrayContaining(['A', 'B']),
      account: { homeAccountId: homeAccountIdOf(alice), username: alice.username },
      idTokenClaims: { oid: alice.uid },
    })
    expect(result.account).not.toHaveProperty('accountSource')
  })

  it.each<[string, object, string]>([
    ['no assertion', { userAssertion: undefined }, 'invalid_argument'],
    ['an empty assertion', { userAssertion: '' }, 'invalid_argument'],
    ['an assertion that is no text', { userAssertion: {} }, 'invalid_argument'],
    ['no scopes', { scopes: [] }, 'scopes_empty'],
    ['a reserved scope', { scopes: ['openid'] }, 'scopes_reserved'],
    ['a challenge that is no JSON', { claimsChallenge: '{' }, 'invalid_argument'],
    ['another assertion in the form', { extraBodyParameters: { assertion: 'x' } }, 'invalid_argument'],
    ['another use in the form', { extraBodyParameters: { requested_token_use: 'x' } }, 'invalid_argument'],
  ])('is not made with %s', async (_, options, code) => {
    const { provider, app } = created()
    expect(await codeOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes, ...options }))).toBe(code)
    expect(provider.requests).toEqual([])
  })

  it.each<[string, Reply, object]>([
    [
      'interaction_required',
      refuse('interaction_required', { suberror: 'basic_action', claims: '{"access_token":{}}' }),
      { code: 'interaction_required', action: 'interact', claims: '{"access_token":{}}', suberror: 'basic_action' },
    ],
    [
      'invalid_grant',
      refuse('invalid_grant', { claims: '{"a":1}' }),
      { code: 'interaction_required', error: 'invalid_grant', claims: '{"a":1}' },
    ],
    ['invalid_client', refuse('invalid_client', {}, 401), { code: 'server_error', action: 'reconfigure' }],
    ['429', raw(429, '', { 'retry-after': '3' }), { code: 'throttled', retryAfter: 3000 }],
    ['503', raw(503), { code: 'server_unavailable' }],
    ['a lost connection', lost(), { code: 'unreachable' }],
    ['HTML', raw(200, '<html>'), { code: 'bad_response' }],
  ])('%s is thrown, and nothing stored', async (_, reply, error) => {
    const { provider, app, tokenCache } = created()
    provider.replies.push(reply)
    expect(await errorOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes, correlationId: 'c-1' }))).toMatchObject({
      ...error,
      correlationId: 'c-1',
    })
    expect(await secrets(tokenCache, 'AccessToken')).toEqual([])
    expect(await tokenCache.find('Account')).toEqual([])
  })

  it('S71 the assertion does not come back in an error', async () => {
    const { provider, app } = created()
    provider.replies.push(refuse('invalid_grant', { error_description: `${userAssertion} is bad`, claims: `{"a":"${userAssertion}"}` }))
    const error = await errorOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes }))
    expect(error).toMatchObject({ errorDescription: '*** is bad' })
    expect(error).not.toHaveProperty('claims')
  })
})

describe('the cache', () => {
  it('serves the same assertion and scopes, in whatever order and case', async () => {
    const { provider, app } = created()
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes: ['A', 'B'] })
    for (const asked of [['A', 'B'], ['b', 'a'], ['B']]) {
      const hit = await offline(provider, () => app.acquireTokenOnBehalfOf({ userAssertion, scopes: asked, correlationId: 'c-2' }))
      expect(hit).toMatchObject({ accessToken: first.accessToken, tokenSource: 'cache', account: first.account, correlationId: 'c-2' })
      expect(hit.idTokenClaims).toMatchObject({ oid: alice.uid })
    }
    expect((await app.acquireTokenOnBehalfOf({ userAssertion, scopes: ['C'] })).tokenSource).toBe('identity_provider')
  })

  it.each(['common', 'organizations', 'contoso.example', alice.utid])('serves it under the tenant %s', async (tenant) => {
    const { provider, app } = created({ authority: `https://login.microsoftonline.com/${tenant}` })
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    const hit = await offline(provider, () => app.acquireTokenOnBehalfOf({ userAssertion, scopes }))
    expect(hit).toMatchObject({ accessToken: first.accessToken, account: first.account })
  })

  it('S1, wire-protocol S12: another assertion gets its own, though the answers say "Retry-After"', async () => {
    const { provider, app } = created()
    const answer =
      (token: string): Reply =>
      (request, standard) =>
        Response.json({ ...standard(), access_token: `${token} for ${request.form.assertion}` }, { headers: { 'retry-after': '60' } })
    provider.onToken = () => answer('token')
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    provider.person = bob
    const second = await app.acquireTokenOnBehalfOf({ userAssertion: another, scopes })
    expect(first).toMatchObject({ accessToken: `token for ${userAssertion}`, account: { username: alice.username } })
    expect(second).toMatchObject({ accessToken: `token for ${another}`, account: { username: bob.username } })
    expect(used(provider)).toEqual([grant, grant])
    expect(await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).toMatchObject({
      accessToken: first.accessToken,
      tokenSource: 'cache',
    })
    expect(await app.acquireTokenOnBehalfOf({ userAssertion: another, scopes })).toMatchObject({
      accessToken: second.accessToken,
      tokenSource: 'cache',
    })
  })

  it('wire-protocol S12: another assertion of the same user neither finds the token nor uses the refresh token', async () => {
    const { provider, app } = created()
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    const second = await app.acquireTokenOnBehalfOf({ userAssertion: another, scopes })
    expect(second.accessToken).not.toBe(first.accessToken)
    expect(used(provider)).toEqual([grant, grant])
  })

  it('S2: the refusal of one assertion holds back no other', async () => {
    const { provider, app } = created()
    provider.onToken = ({ form }) => (form.assertion === userAssertion ? refuse('invalid_grant') : undefined)
    expect(await codeOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes }))).toBe('interaction_required')
    expect(await app.acquireTokenOnBehalfOf({ userAssertion: another, scopes })).toHaveProperty('accessToken')
  })

  it('a hundred callers at once make one request', async () => {
    const { provider, app } = created()
    const gate = provider.hold()
    const calls = Array.from({ length: 100 }, (_, index) =>
      app.acquireTokenOnBehalfOf({ userAssertion, scopes, correlationId: `c-${index}` }),
    )
    const other = app.acquireTokenOnBehalfOf({ userAssertion: another, scopes })
    await gate.arrived(2)
    await settled()
    gate.open()
    const results = await Promise.all(calls)
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(new Set(results.map(({ correlationId }) => correlationId)).size).toBe(100)
    expect((await other).accessToken).not.toBe(results[0]!.accessToken)
    expect(used(provider)).toEqual([grant, grant])
  })

  it('another client with the same cache gets its own', async () => {
    const { provider, app, tokenCache } = created()
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    const other = confidentialClient(provider, { tokenCache, clientId: 'another' })
    const second = await other.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(second.accessToken).not.toBe(first.accessToken)
    expect(used(provider)).toEqual([grant, grant])
  })

  it('S8: a token bound to a key serves no ordinary request, nor the other way round', async () => {
    const { provider, app } = created()
    const bound = { token_type: 'pop', key_id: 'k-1', req_cnf: 'x' }
    await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    provider.changes = { token_type: 'pop' }
    const pop = await app.acquireTokenOnBehalfOf({ userAssertion, scopes, extraBodyParameters: bound })
    expect(pop).toMatchObject({ tokenType: 'pop', tokenSource: 'identity_provider' })
    expect(await app.acquireTokenOnBehalfOf({ userAssertion, scopes, extraBodyParameters: bound })).toMatchObject({
      accessToken: pop.accessToken,
      tokenSource: 'cache',
    })
    expect(await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).toMatchObject({ tokenType: 'Bearer', tokenSource: 'cache' })
  })

  it('holds only a hash of the assertion', async () => {
    const { app, tokenCache } = created()
    await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    const hash = createHash('sha256').update(userAssertion).digest('base64url')
    for (const type of ['AccessToken', 'RefreshToken', 'IdToken', 'Account'] as const)
      expect(await tokenCache.find(type)).toEqual([expect.objectContaining({ user_assertion_hash: hash })])
    expect(tokenCache.serialize()).not.toContain(userAssertion)
  })

  it('its users are not among the accounts, nor found by silent', async () => {
    const { provider, app } = created()
    const { account } = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    provider.requests.length = 0
    expect(await app.getAccounts()).toEqual([])
    expect(await app.getAccount(account)).toBeNull()
    expect(await app.acquireTokenSilent({ scopes, account })).toBeNull()
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toBeNull()
    expect(provider.requests).toEqual([])
  })

  it('survives JSON, apart from what the same user has got by signing in', async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const { account, result: own } = await signedIn({ provider, tokenCache })
    const app = confidentialClient(provider, { tokenCache })
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    const second = await app.acquireTokenOnBehalfOf({ userAssertion: another, scopes })
    expect(new Set([own, first, second].map(({ accessToken }) => accessToken)).size).toBe(3)

    const copy = new SerializableTokenCache()
    copy.deserialize(tokenCache.serialize())
    const restored = confidentialClient(provider, { tokenCache: copy })
    provider.requests.length = 0
    const hits = [
      await restored.acquireTokenSilent({ scopes, account }),
      await restored.acquireTokenOnBehalfOf({ userAssertion, scopes }),
      await restored.acquireTokenOnBehalfOf({ userAssertion: another, scopes }),
    ]
    expect(hits.map((hit) => hit?.accessToken)).toEqual([own.accessToken, first.accessToken, second.accessToken])
    expect(provider.requests).toEqual([])
    expect(await restored.getAccounts()).toEqual([account])
    for (const type of ['AccessToken', 'RefreshToken', 'IdToken'] as const)
      expect((await secrets(copy, type)).sort()).toEqual((await secrets(tokenCache, type)).sort())
    expect(await copy.find('RefreshToken')).toHaveLength(3)

    await restored.removeAccount(account)
    expect(await restored.acquireTokenSilent({ scopes, account })).toBeNull()
    expect((await restored.acquireTokenOnBehalfOf({ userAssertion, scopes })).tokenSource).toBe('cache')
  })

  it.each<[string, object]>([
    ['forceRefresh', { forceRefresh: true }],
    ['a claims challenge', { claimsChallenge: '{"access_token":{"nbf":null}}' }],
  ])('%s passes over it', async (_, options) => {
    const { provider, app } = created()
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    const second = await app.acquireTokenOnBehalfOf({ userAssertion, scopes, ...options })
    expect(second).toMatchObject({ tokenSource: 'identity_provider', account: first.account })
    expect(second.accessToken).not.toBe(first.accessToken)
    expect(provider.lastForm.claims).toBe((options as { claimsChallenge?: string }).claimsChallenge)
    expect((await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).accessToken).toBe(second.accessToken)
  })
})

describe('renewal', () => {
  it('is by the refresh token of that assertion', async () => {
    const { provider, app, tokenCache, first } = await aged()
    const [held] = await secrets(tokenCache, 'RefreshToken')
    provider.replies.push(tokens({ id_token: undefined, client_info: undefined }))
    const result = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(result).toMatchObject({ tokenSource: 'identity_provider', account: first.account, idToken: first.idToken })
    expect(result.accessToken).not.toBe(first.accessToken)
    expect(provider.lastForm).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: held,
      scope: 'User.Read offline_access openid profile',
    })
    expect(provider.lastForm).not.toHaveProperty('assertion')
    const after = await secrets(tokenCache, 'RefreshToken')
    expect(after).toHaveLength(1)
    expect(after).not.toEqual([held])
    expect(await offline(provider, () => app.acquireTokenOnBehalfOf({ userAssertion, scopes }))).toMatchObject({
      accessToken: result.accessToken,
      account: first.account,
    })
  })

  it('serves other scopes too', async () => {
    const { provider, app } = created()
    await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    const result = await app.acquireTokenOnBehalfOf({ userAssertion, scopes: ['Mail.Read'] })
    expect(result).toMatchObject({ scopes: expect.arrayContaining(['Mail.Read']), account: { username: alice.username } })
    expect(used(provider)).toEqual([grant, 'refresh_token'])
  })

  it.each(['invalid_grant', 'interaction_required', 'consent_required'])('is by the assertion where that is refused: %s', async (error) => {
    const { provider, app, first } = await aged()
    provider.replies.push(refuse(error))
    const result = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(result).toMatchObject({ tokenSource: 'identity_provider', account: first.account })
    expect(used(provider)).toEqual(['refresh_token', grant])
    expect(provider.lastForm.assertion).toBe(userAssertion)
  })

  it('interaction_required with claims: both are refused', async () => {
    const { provider, app } = await aged()
    provider.replies.push(refuse('invalid_grant', { claims: '{"a":1}' }), refuse('interaction_required', { claims: '{"a":2}' }))
    expect(await errorOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes }))).toMatchObject({
      code: 'interaction_required',
      claims: '{"a":2}',
    })
    expect(used(provider)).toEqual(['refresh_token', grant])
  })

  it.each<[string, Reply, string]>([
    ['503', raw(503), 'server_unavailable'],
    ['429', raw(429), 'throttled'],
    ['a lost connection', lost(), 'unreachable'],
    ['invalid_client', refuse('invalid_client', {}, 401), 'server_error'],
  ])('%s is no reason to send the assertion', async (_, reply, code) => {
    const { provider, app } = await aged()
    later(100)
    provider.replies.push(reply)
    expect(await codeOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes }))).toBe(code)
    expect(used(provider)).toEqual(['refresh_token'])
  })

  it('a token of its last minutes serves through an outage', async () => {
    const { provider, app, first } = await aged()
    provider.replies.push(raw(503))
    expect(await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).toMatchObject({
      accessToken: first.accessToken,
      tokenSource: 'cache',
    })
  })

  it('account_mismatch: the answer is about somebody else', async () => {
    const { provider, app, tokenCache, first } = await aged()
    provider.onToken = () => (request, standard) => {
      request.form.refresh_token = provider.refreshTokenOf(bob)
      provider.person = bob
      return Response.json({ ...standard(), client_info: Buffer.from(JSON.stringify(bob)).toString('base64url') })
    }
    expect(await codeOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes }))).toBe('account_mismatch')
    expect(await secrets(tokenCache, 'AccessToken')).toEqual([first.accessToken])
  })

  it('without a refresh token it is by the assertion', async () => {
    const { provider, app } = created()
    provider.changes = { refresh_token: undefined }
    await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    later(3500)
    await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(used(provider)).toEqual([grant, grant])
  })

  it('what another MSAL has filed without an account is renewed by the assertion', async () => {
    const { provider, app, tokenCache } = created()
    await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    const { Account: _, ...content } = JSON.parse(tokenCache.serialize())
    tokenCache.deserialize(JSON.stringify(content))
    expect(await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).toMatchObject({ account: { username: alice.username } })
    expect(used(provider)).toEqual([grant, grant])
    expect((await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).tokenSource).toBe('cache')
  })

  it('past refreshOn the cached token is returned at once and renewed behind, once', async () => {
    const { provider, app } = created()
    provider.changes = { refresh_in: 1800 }
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(first.refreshOn).toEqual(new Date(start + 1_800_000))
    later(1800)
    const gate = provider.hold()
    const hits = await Promise.all([1, 2, 3].map(() => app.acquireTokenOnBehalfOf({ userAssertion, scopes })))
    for (const hit of hits) expect(hit).toMatchObject({ accessToken: first.accessToken, tokenSource: 'cache' })
    await gate.arrived()
    gate.open()
    await app.close()
    expect(used(provider)).toEqual([grant, 'refresh_token'])
    const renewed = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(renewed).toMatchObject({ tokenSource: 'cache', account: first.account })
    expect(renewed.accessToken).not.toBe(first.accessToken)
  })

  it('no failure of the renewal behind reaches the caller', async () => {
    const { provider, app } = created()
    provider.changes = { refresh_in: 1800 }
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    later(1800)
    provider.onToken = () => refuse('invalid_grant')
    expect((await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).accessToken).toBe(first.accessToken)
    await app.close()
    expect(used(provider)).toEqual([grant, 'refresh_token', grant])
    expect((await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).accessToken).toBe(first.accessToken)
  })
})

describe('a provider that names nobody', () => {
  it('is served from the cache all the same', async () => {
    const provider = new FakeProvider()
    provider.changes = { id_token: undefined, client_info: undefined }
    const app = confidentialClient(provider, { authority })
    const first = await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(first.account).toMatchObject({ username: '', homeAccountId: expect.stringMatching(/./) })
    expect(await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).toMatchObject({ tokenSource: 'cache', account: first.account })
    later(3500)
    expect(await app.acquireTokenOnBehalfOf({ userAssertion, scopes })).toMatchObject({
      tokenSource: 'identity_provider',
      account: first.account,
    })
    expect(used(provider)).toEqual([grant, 'refresh_token'])
    expect(await app.getAccounts()).toEqual([])
  })
})
