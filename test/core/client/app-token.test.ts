import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { version } from '../../../src/core/client/version.ts'
import { SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, FakeProvider, lost, raw, refuse, tenantIdOf } from '../../support/fake-provider.ts'
import { authority, clientId, codeOf, confidentialClient, errorOf, scopes, settled, signedIn, withoutWork } from './support.ts'

const start = Date.UTC(2030, 0, 1)
const at = (seconds: number) => vi.setSystemTime(start + seconds * 1000)

beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const login = 'https://login.microsoftonline.com'

describe('cache first', () => {
  it('the second call costs no request and no JSON, also in a cold process', async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const app = confidentialClient(provider, { tokenCache })
    const first = await app.acquireTokenForClient({ scopes })
    expect(first).toMatchObject({ account: null, tokenSource: 'identity_provider', tokenType: 'Bearer', scopes })
    expect(provider.lastForm).toEqual({
      client_id: clientId,
      client_info: '1',
      client_secret: 'a-secret',
      grant_type: 'client_credentials',
      scope: 'User.Read',
    })
    expect(await withoutWork(provider, () => app.acquireTokenForClient({ scopes }))).toEqual({
      ...first,
      tokenSource: 'cache',
      correlationId: expect.any(String),
    })
    const cold = new SerializableTokenCache()
    cold.deserialize(tokenCache.serialize())
    const other = confidentialClient(provider, { tokenCache: cold })
    expect(await withoutWork(provider, () => other.acquireTokenForClient({ scopes }))).toMatchObject({ accessToken: first.accessToken })
  })

  it('per tenant; a domain and its id are one entry, asked alternately', async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const app = confidentialClient(provider, { tokenCache })
    const names = ['fabrikam.example', tenantIdOf('fabrikam.example'), 'Fabrikam.example', 'northwind.example']
    for (let round = 0; round < 3; round++) {
      for (const name of names) await app.acquireTokenForClient({ scopes, authority: `${login}/${name}` })
      await app.acquireTokenForClient({ scopes })
    }
    const tokens = (await tokenCache.find('AccessToken')) as { realm: string }[]
    expect(tokens.map(({ realm }) => realm).sort()).toEqual(
      [tenantIdOf('fabrikam.example'), tenantIdOf('northwind.example'), alice.utid].sort(),
    )
    expect(provider.count()).toBe(4)
    expect((await app.acquireTokenForClient({ scopes, authority: `${login}/${tenantIdOf('northwind.example')}` })).tokenSource).toBe(
      'cache',
    )
  })

  it('S46 another client, another tenant, another cloud and a person’s token never serve', async () => {
    const { provider, tokenCache } = await signedIn()
    await confidentialClient(provider, { tokenCache }).acquireTokenForClient({ scopes })
    const others = [
      { clientId: 'another' },
      { authority: `${login}/fabrikam.example` },
      { authority: 'https://login.microsoftonline.us/contoso.example' },
    ]
    for (const options of others)
      expect((await confidentialClient(provider, { tokenCache, ...options }).acquireTokenForClient({ scopes })).tokenSource).toBe(
        'identity_provider',
      )
    expect(provider.count('client_credentials')).toBe(4)
  })

  it.each(['common', 'organizations'])('%s is sent, with a warning', async (tenant) => {
    const provider = new FakeProvider()
    const logger = vi.fn()
    const app = confidentialClient(provider, { authority: `${login}/${tenant}`, logger })
    await app.acquireTokenForClient({ scopes })
    expect(logger).toHaveBeenCalledWith(expect.objectContaining({ level: 'warn', message: expect.stringContaining(tenant) }))
    expect(provider.tokenRequests()[0]!.url.pathname).toContain(`/${tenant}/`)
    expect(await withoutWork(provider, () => app.acquireTokenForClient({ scopes }))).toMatchObject({ tokenSource: 'cache' })
  })

  it('openid and its like may be named here', async () => {
    const provider = new FakeProvider()
    await confidentialClient(provider).acquireTokenForClient({ scopes: ['openid'] })
    expect(provider.lastForm.scope).toBe('openid')
    expect(await codeOf(confidentialClient(provider).acquireTokenForClient({ scopes: [] }))).toBe('scopes_empty')
  })

  it.each([
    [3299, 'cache'],
    [3300, 'cache'],
    [3301, 'identity_provider'],
  ])('S67 after %d s: %s', async (seconds, source) => {
    const app = confidentialClient(new FakeProvider())
    await app.acquireTokenForClient({ scopes })
    at(seconds)
    expect((await app.acquireTokenForClient({ scopes })).tokenSource).toBe(source)
  })

  it('S40 a token with some life is better than an error', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    const { accessToken } = await app.acquireTokenForClient({ scopes })
    at(3599)
    provider.replies.push(raw(503))
    expect(await app.acquireTokenForClient({ scopes })).toMatchObject({ accessToken, tokenSource: 'cache' })
    at(3605)
    provider.replies.push(lost())
    expect(await codeOf(app.acquireTokenForClient({ scopes }))).toBe('unreachable')
  })

  it('refreshOn: at once, and renewed behind once', async () => {
    const provider = new FakeProvider()
    provider.changes = { refresh_in: 1000 }
    const app = confidentialClient(provider)
    const { accessToken } = await app.acquireTokenForClient({ scopes })
    at(1000)
    const gate = provider.hold()
    for (let call = 0; call < 50; call++)
      expect(await app.acquireTokenForClient({ scopes })).toMatchObject({ accessToken, tokenSource: 'cache' })
    gate.open()
    await app.close()
    expect(provider.count()).toBe(2)
    const renewed = await app.acquireTokenForClient({ scopes })
    expect(renewed.tokenSource).toBe('cache')
    expect(renewed.accessToken).not.toBe(accessToken)
  })

  it('an almost expired token under one name of the tenant does not hide a fresh one under another', async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const entry = (realm: string, secret: string, life: number) => ({
      credential_type: 'AccessToken',
      secret,
      home_account_id: null,
      environment: 'login.microsoftonline.com',
      client_id: clientId,
      target: 'User.Read',
      realm,
      cached_at: `${start / 1000 - 3500}`,
      expires_on: `${start / 1000 + life}`,
      authority: realm === alice.utid ? authority : undefined,
    })
    const AccessToken = { a: entry('contoso.example', 'OLD', 100), b: entry(alice.utid, 'FRESH', 3000) }
    tokenCache.deserialize(JSON.stringify({ AccessToken }))
    const app = confidentialClient(provider, { tokenCache })
    expect(await app.acquireTokenForClient({ scopes })).toMatchObject({ accessToken: 'FRESH', tokenSource: 'cache' })
    await app.removeTokensForClient()
    expect(await tokenCache.find('AccessToken')).toEqual([])
  })
})

describe('what passes over cached tokens', () => {
  it('forceRefresh and claimsChallenge, which is merged with the capabilities', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider, { clientCapabilities: ['CP1'] })
    await app.acquireTokenForClient({ scopes })
    await app.acquireTokenForClient({ scopes, forceRefresh: true })
    await app.acquireTokenForClient({ scopes, claimsChallenge: '{"id_token":{"x":null}}' })
    expect(provider.count()).toBe(3)
    expect(JSON.parse(provider.lastForm.claims!)).toEqual({ id_token: { x: null }, access_token: { xms_cc: { values: ['CP1'] } } })
    expect(await codeOf(app.acquireTokenForClient({ scopes, claimsChallenge: 'x' }))).toBe('invalid_argument')
  })
})

describe('S22 single-flight', () => {
  it.each([1, 100])('100 calls on an empty cache, %d instances: one request, one discovery', async (instances) => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const apps = Array.from({ length: instances }, () => confidentialClient(provider, { tokenCache }))
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => apps[index % instances]!.acquireTokenForClient({ scopes })))
    expect(provider.count()).toBe(1)
    expect(provider.requests).toHaveLength(2)
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(new Set(results).size).toBe(100)
  })

  it('S24 different tenants, scopes, claims and parameters are different requests', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    await Promise.all([
      app.acquireTokenForClient({ scopes }),
      app.acquireTokenForClient({ scopes: ['b'] }),
      app.acquireTokenForClient({ scopes, authority: `${login}/fabrikam.example` }),
      app.acquireTokenForClient({ scopes, claimsChallenge: '{"a":1}' }),
      app.acquireTokenForClient({ scopes, forceRefresh: true }),
    ])
    expect(provider.count()).toBe(5)
    const another = confidentialClient(provider)
    const parameters = [{ x: '1' }, { x: '2' }]
    await Promise.all([
      ...parameters.map((extraBodyParameters) => another.acquireTokenForClient({ scopes, extraBodyParameters })),
      ...parameters.map((extraQueryParameters) => another.acquireTokenForClient({ scopes, extraQueryParameters })),
    ])
    expect(provider.count()).toBe(5 + 4)
  })
})

it('a refusal is thrown, and is nobody’s sign-out', async () => {
  const provider = new FakeProvider()
  const app = confidentialClient(provider)
  provider.replies.push(refuse('invalid_client', { error_codes: [7000215] }, 401))
  expect(await errorOf(app.acquireTokenForClient({ scopes }))).toMatchObject({
    name: 'ServerError',
    code: 'server_error',
    action: 'reconfigure',
    error: 'invalid_client',
    errorCodes: [7000215],
    status: 401,
  })
  provider.replies.push(refuse('invalid_grant'))
  expect(await errorOf(app.acquireTokenForClient({ scopes }))).toMatchObject({ code: 'server_error' })
})

it('removeTokensForClient takes this application’s own tokens, in every tenant of its cloud', async () => {
  const { provider, tokenCache } = await signedIn()
  const app = confidentialClient(provider, { tokenCache })
  const other = confidentialClient(provider, { tokenCache, clientId: `${clientId}2` })
  await app.acquireTokenForClient({ scopes })
  await app.acquireTokenForClient({ scopes, authority: `${login}/fabrikam.example` })
  await other.acquireTokenForClient({ scopes })
  tokenCache.serialize()
  await app.removeTokensForClient()
  expect(tokenCache.hasStateChanged).toBe(true)
  const left = (await tokenCache.find('AccessToken', { home_account_id: null })) as { client_id: string }[]
  expect(left.map(({ client_id }) => client_id)).toEqual([`${clientId}2`])
  expect(await tokenCache.find('AccessToken')).toHaveLength(2)
  expect((await app.acquireTokenForClient({ scopes })).tokenSource).toBe('identity_provider')
  tokenCache.serialize()
  await confidentialClient(provider, { tokenCache, clientId: 'unknown' }).removeTokensForClient()
  expect(tokenCache.hasStateChanged).toBe(false)
})

describe('the request', () => {
  it('extra parameters are added, and none stands for a protocol parameter', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    await app.acquireTokenForClient({ scopes, extraQueryParameters: { dc: 'a b' }, extraBodyParameters: { resource: 'r' } })
    const [request] = provider.tokenRequests()
    expect(request!.url.search).toBe('?dc=a+b')
    expect(request!.form.resource).toBe('r')
    const names =
      'client_id client_secret client_assertion client_assertion_type client_info grant_type scope claims redirect_uri response_type response_mode state nonce code code_verifier code_challenge refresh_token assertion user_assertion username password device_code requested_token_use prompt login_hint Grant_Type'
    for (const name of names.split(' '))
      for (const kind of ['extraQueryParameters', 'extraBodyParameters'])
        expect(await codeOf(app.acquireTokenForClient({ scopes, forceRefresh: true, [kind]: { [name]: 'evil' } }))).toBe('invalid_argument')
    expect(provider.count()).toBe(1)
  })

  it('x-client headers', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider, { appName: 'shop', appVersion: '1.2' })
    await app.acquireTokenForClient({ scopes, correlationId: 'corr' })
    expect(provider.tokenRequests()[0]!.headers).toEqual({
      accept: 'application/json',
      'x-client-sku': 'msal-isomorphic',
      'x-client-ver': version,
      'x-client-os': process.platform,
      'x-ms-lib-capability': 'retry-after, h429',
      'x-app-name': 'shop',
      'x-app-ver': '1.2',
      'client-request-id': 'corr',
      'x-client-current-telemetry': '4|730,2|',
      'x-client-last-telemetry': '4|0|||',
    })
  })

  it('telemetry: hits, failures and a success (wire-protocol 2.4)', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    const last = () => provider.tokenRequests().at(-1)!.headers['x-client-last-telemetry']
    const current = () => provider.tokenRequests().at(-1)!.headers['x-client-current-telemetry']
    await app.acquireTokenForClient({ scopes })
    await app.acquireTokenForClient({ scopes })
    provider.replies.push(refuse('error_1', {}, 401), refuse('error_2', {}, 401), raw(503, '', { 'retry-after': '0' }))
    for (const id of ['id_1', 'id_2', 'id_3']) await errorOf(app.acquireTokenForClient({ scopes, forceRefresh: true, correlationId: id }))
    expect(provider.tokenRequests().map(({ headers }) => headers['x-client-last-telemetry'])).toEqual([
      '4|0|||',
      '4|1|||',
      '4|1|730,id_1|error_1|',
      '4|1|730,id_1,730,id_2|error_1,error_2|',
    ])
    await app.acquireTokenForClient({ scopes, forceRefresh: true })
    expect(last()).toBe('4|1|730,id_1,730,id_2|error_1,error_2|')
    expect(current()).toBe('4|730,1|')
    at(3600)
    await app.acquireTokenForClient({ scopes })
    expect(last()).toBe('4|0|||')
    expect(current()).toBe('4|730,3|')
  })

  it('telemetry and routing of a silent refresh', async () => {
    const { provider, app, account } = await signedIn()
    await app.acquireTokenSilent({ scopes, account })
    await app.acquireTokenSilent({ scopes: ['Mail.Read'], account })
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    at(3600)
    await app.acquireTokenSilent({ scopes, account })
    const headers = provider.tokenRequests().map((request) => request.headers)
    expect(headers.map((all) => all['x-client-current-telemetry'])).toEqual(['4|84,2|', '4|84,1|', '4|84,3|'])
    expect(headers[0]!['x-client-last-telemetry']).toBe('4|1|||')
    expect(headers[0]!['x-anchormailbox']).toBe(`Oid:${alice.uid}@${alice.utid}`)
  })

  it('S59 a page in a browser sends no header that costs a preflight', async () => {
    const provider = new FakeProvider()
    vi.stubGlobal('document', {})
    try {
      const { app, account } = await signedIn({ provider })
      await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    } finally {
      vi.unstubAllGlobals()
    }
    expect(Object.keys(provider.tokenRequests()[0]!.headers)).toEqual(['accept'])
  })
})

it('S37 an abort before: no request', async () => {
  const provider = new FakeProvider()
  const call = confidentialClient(provider).acquireTokenForClient({ scopes, signal: AbortSignal.abort('no') })
  expect(await errorOf(call)).toMatchObject({ code: 'aborted', cause: 'no' })
  await settled()
  expect(provider.requests).toEqual([])
})
