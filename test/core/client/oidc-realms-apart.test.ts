import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SerializableTokenCache, TokenCache } from '../../../src/core/index.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { home, pairs, realms, urlOf } from './realms.ts'
import { confidentialClient, scopes } from './support.ts'

const start = Date.UTC(2030, 0, 1)
beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const age = () => vi.setSystemTime(Date.now() + 3_500_000)

describe.each(pairs)('S45 S46 "%s" and "%s" on one host', (a, b) => {
  const pair = [a, b] as const

  it("an application's own tokens stay apart", async () => {
    const { A, B, asked, tokenCache, client } = realms(pair)
    const first = await A.acquireTokenForClient({ scopes })
    const second = await B.acquireTokenForClient({ scopes })
    expect(asked()).toEqual([`${a} client_credentials`, `${b} client_credentials`])
    const copy = new SerializableTokenCache()
    copy.deserialize(tokenCache.serialize())
    for (const cache of [tokenCache, copy]) {
      expect(await client(a, cache).acquireTokenForClient({ scopes })).toMatchObject({
        accessToken: first.accessToken,
        tokenSource: 'cache',
      })
      expect(await client(b, cache).acquireTokenForClient({ scopes })).toMatchObject({
        accessToken: second.accessToken,
        tokenSource: 'cache',
      })
    }
    expect(asked()).toEqual([])
  })

  it.each([false, true])('and one gives up no more than its own (over a store: %s)', async (stored) => {
    const { provider, client, asked, tokenCache } = realms(pair)
    const store = memoryStore()
    const cache = () => (stored ? new TokenCache({ store: store.elsewhere() }) : tokenCache)
    for (const realm of pair) await client(realm, cache()).acquireTokenForClient({ scopes })
    await client(a, cache()).removeTokensForClient()
    provider.requests.length = 0
    for (const realm of pair) await client(realm, cache()).acquireTokenForClient({ scopes })
    expect(asked()).toEqual([`${a} client_credentials`])
  })

  it('tokens on behalf of a user stay apart, with the very same assertion', async () => {
    const { A, B, asked } = realms(pair)
    const options = { userAssertion: 'a.users.token', scopes }
    const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
    const first = await A.acquireTokenOnBehalfOf(options)
    const second = await B.acquireTokenOnBehalfOf(options)
    expect(asked()).toEqual([`${a} ${grant}`, `${b} ${grant}`])
    expect(await A.acquireTokenOnBehalfOf(options)).toMatchObject({ accessToken: first.accessToken, account: first.account })
    expect(await B.acquireTokenOnBehalfOf(options)).toMatchObject({ accessToken: second.accessToken, account: second.account })
    age()
    const renewed = await A.acquireTokenOnBehalfOf(options)
    expect(renewed.account).toEqual(first.account)
    await B.acquireTokenOnBehalfOf(options)
    expect(asked()).toEqual([`${a} refresh_token`, `${b} refresh_token`])
  })

  it('over a store the same, each application with a partition of its own', async () => {
    const { client, signIn, asked } = realms(pair)
    const store = memoryStore()
    const fresh = () => new TokenCache({ store }) as SerializableTokenCache
    const results = []
    for (const realm of [a, b]) {
      const app = client(realm, fresh())
      results.push({ realm, own: await app.acquireTokenForClient({ scopes }), ...(await signIn(app)) })
    }
    expect(store.content.size).toBe(3)
    asked()
    for (const { realm, own, account, accessToken } of results) {
      const app = client(realm, fresh())
      expect(await app.acquireTokenForClient({ scopes })).toMatchObject({ accessToken: own.accessToken, tokenSource: 'cache' })
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken, tokenSource: 'cache' })
    }
    expect(asked()).toEqual([])
  })
})

it('S46 what an earlier version has stored, which took two realms for one, serves neither but by a refresh token', async () => {
  const { A, B, signIn, asked, tokenCache } = realms(['/Foo', '/foo'])
  const { account } = await signIn(A)
  await signIn(B)
  await A.acquireTokenForClient({ scopes })
  const content = JSON.parse(tokenCache.serialize())
  for (const section of ['AccessToken', 'IdToken', 'Account']) {
    for (const [key, entity] of Object.entries<Record<string, unknown>>(content[section])) {
      const both = { realm: 'Foo', authority: `${home}/foo ${home}/Foo` }
      content[section][key] = { ...entity, ...both }
    }
  }
  tokenCache.deserialize(JSON.stringify(content))
  asked()
  for (const app of [A, B]) {
    expect(await app.getAccounts()).toEqual([])
    expect(await app.acquireTokenSilent({ scopes, account })).toHaveProperty('tokenSource', 'identity_provider')
    expect(await app.acquireTokenForClient({ scopes })).toHaveProperty('tokenSource', 'identity_provider')
  }
  expect(asked()).toEqual(['/Foo', '/foo'].flatMap((realm) => [`${realm} refresh_token`, `${realm} client_credentials`]))
  for (const app of [A, B]) expect(await app.acquireTokenSilent({ scopes, account })).toHaveProperty('tokenSource', 'cache')
})

it('S46 a first id token of one is not compared with that of the other', async () => {
  const { A, B, signIn, tokenCache } = realms(['/Foo', '/foo'])
  const { account } = await signIn(A)
  const content = JSON.parse(tokenCache.serialize())
  tokenCache.deserialize(JSON.stringify({ ...content, IdToken: {} }))
  await signIn(B)
  const renewed = await A.acquireTokenSilent({ scopes, account, forceRefresh: true })
  expect(renewed!.idTokenClaims!.iss).toBe(`${home}/Foo`)
})

it.each(['/Foo', 'https://localhost:8443/realms/a', 'http://localhost/a'])(
  'S46 a tenant of the same URL as %s shares nothing with it',
  async (realm) => {
    const { A, signIn, asked, provider, tokenCache } = realms([realm, ''])
    const { account } = await signIn(A)
    await A.acquireTokenForClient({ scopes })
    const named = urlOf(realm)
    const tenant = confidentialClient(provider, { authority: named, knownAuthorities: [new URL(named).host], tokenCache })
    asked()
    expect(await tenant.acquireTokenSilent({ scopes, account })).toBeNull()
    expect(await tenant.getAccounts()).toEqual([])
    await tenant.removeAccount(account)
    expect(asked()).toEqual([])
    expect(await tenant.acquireTokenForClient({ scopes })).toHaveProperty('tokenSource', 'identity_provider')
    expect(await A.acquireTokenForClient({ scopes })).toHaveProperty('tokenSource', 'cache')
    expect(await A.acquireTokenSilent({ scopes, account })).toHaveProperty('tokenSource', 'cache')
    expect(await tokenCache.find('RefreshToken')).toHaveLength(1)
  },
)
