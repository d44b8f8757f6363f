import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfidentialClientApplication, SerializableTokenCache, TokenCache, type TokenEvent } from '../../../src/core/index.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { authority, codeOf, confidentialClient, scopes, signedIn } from '../client/support.ts'
import { appEvent, clientId, home, tenant, tokenEndpoint, userEvent } from './support.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

describe('find', () => {
  const filled = async () => {
    const cache = new TokenCache()
    await cache.add(userEvent())
    await cache.add(appEvent())
    return cache
  }

  it.each([
    [undefined, 2],
    [{}, 2],
    [{ home_account_id: home }, 1],
    [{ home_account_id: null }, 1],
    [{ home_account_id: '' }, 1],
    [{ home_account_id: undefined }, 1],
    [{ realm: tenant, client_id: clientId }, 2],
    [{ realm: 'another' }, 0],
    [{ key_id: null }, 2],
    [{ no_such_field: 'x' }, 0],
    [{ target: [] }, 2],
    [{ target: ['mail.READ'] }, 1],
    [{ target: ['User.Read', 'Mail.Read'] }, 1],
    [{ target: ['User.Read', 'Mail.Send'] }, 0],
    [{ target: ['User.Read'], home_account_id: null }, 0],
  ])('%o: %d access tokens', async (query, count) => {
    expect(await (await filled()).find('AccessToken', query)).toHaveLength(count)
  })

  it('every section', async () => {
    const cache = await filled()
    for (const type of ['RefreshToken', 'IdToken', 'Account', 'AppMetadata'] as const) expect(await cache.find(type)).toHaveLength(1)
    expect(await cache.find('NoSuchSection' as never)).toEqual([])
  })

  it('gives copies', async () => {
    const cache = await filled()
    const [entity] = (await cache.find('RefreshToken')) as { secret: string }[]
    entity!.secret = 'changed'
    expect(await cache.find('RefreshToken')).toMatchObject([{ secret: 'USER-RT' }])
  })

  it.each([null, { target: 'text' }, { target: [1] }])('S72 the query %o', async (query) => {
    expect(await codeOf((await filled()).find('AccessToken', query as never))).toBe('invalid_argument')
  })
})

describe('a subclass that overrides add', () => {
  class Recorder extends SerializableTokenCache {
    readonly events: TokenEvent[] = []
    override async add(event: TokenEvent): Promise<void> {
      this.events.push(event)
      await super.add(event)
    }
  }

  it('sees every token', async () => {
    const tokenCache = new Recorder()
    const { provider, app, account } = await signedIn({ tokenCache })
    await app.acquireTokenSilent({ scopes: ['Mail.Read'], account })
    await app.acquireTokenSilent({ scopes: ['Mail.Read'], account })
    await confidentialClient(provider, { tokenCache }).acquireTokenForClient({ scopes: ['app/.default'] })
    expect(tokenCache.events.map(({ grantType }) => grantType)).toEqual(['authorization_code', 'refresh_token', 'client_credentials'])
    expect(tokenCache.events[1]!.response).toMatchObject({ refresh_token: expect.any(String), access_token: expect.any(String) })
    expect(tokenCache.events[1]).toMatchObject({ environment: 'login.microsoftonline.com', tokenEndpoint: expect.stringContaining(tenant) })
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('disk full'))],
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
  ])('S25 and %s: the caller has its token, and the log tells', async (_, add) => {
    const tokenCache = new TokenCache()
    tokenCache.add = add
    const logger = vi.fn()
    const provider = new FakeProvider()
    const app = confidentialClient(provider, { tokenCache, logger })
    expect(await app.acquireTokenForClient({ scopes })).toMatchObject({ tokenSource: 'identity_provider' })
    expect(logger).toHaveBeenCalledWith(expect.objectContaining({ level: 'error' }))
  })

  it('and stores nothing: the results are whole all the same', async () => {
    const tokenCache = new (class extends SerializableTokenCache {
      override async add(): Promise<void> {}
    })()
    const { account, result } = await signedIn({ tokenCache })
    expect(result).toMatchObject({ account, idToken: expect.any(String), tokenSource: 'identity_provider' })
    expect(tokenCache.serialize()).not.toContain('at-')
  })
})

it('S72 null for its options is none', async () => {
  const cache = new TokenCache(null as never)
  await cache.add(userEvent())
  expect(await cache.find('RefreshToken')).toHaveLength(1)
})

it('two clients that share a cache share their tokens', async () => {
  const tokenCache = new TokenCache()
  const provider = new FakeProvider()
  const make = () => new ConfidentialClientApplication({ clientId, clientCredential: 's', authority, tokenCache, fetch: provider.fetch })
  await make().acquireTokenForClient({ scopes })
  expect(await make().acquireTokenForClient({ scopes })).toMatchObject({ tokenSource: 'cache' })
})

describe('key-bound tokens', () => {
  const bound = (keyId: string, secret: string, token_type = 'pop') =>
    userEvent({ data: { token_type, key_id: keyId } }, { access_token: secret, token_type })

  it('are kept per key, also in the file', async () => {
    const cache = new SerializableTokenCache()
    for (const [keyId, secret] of [
      ['k1', 'POP-1'],
      ['k2', 'POP-2'],
      ['k3', 'POP-3'],
      ['k2', 'POP-2b'],
    ] as const)
      await cache.add(bound(keyId, secret))
    await cache.add(bound('k4', 'SSH', 'ssh-cert'))
    // Whatever such tokens are called.
    await cache.add(bound('k3', 'KEY-3', 'Bearer'))
    await cache.add(userEvent())
    const copy = new SerializableTokenCache()
    copy.deserialize(cache.serialize())
    const kept = (await copy.find('AccessToken')).map((entity) => (entity as { secret: string }).secret)
    expect(kept.sort()).toEqual(['KEY-3', 'POP-1', 'POP-2b', 'SSH', 'USER-AT'])
  })

  it('are found by their key, whatever the answer calls them', async () => {
    const provider = new FakeProvider()
    const { app, account } = await signedIn({ provider })
    for (const [asked, answered] of [
      [{ key_id: 'k1' }, 'pop'],
      [{ key_id: 'k2', token_type: 'pop' }, 'Bearer'],
    ] as const) {
      provider.changes = { token_type: answered }
      const extraBodyParameters = { ...asked, req_cnf: 'x' }
      const first = await app.acquireTokenSilent({ scopes, account, extraBodyParameters })
      expect(first?.tokenSource).toBe('identity_provider')
      expect(await app.acquireTokenSilent({ scopes, account, extraBodyParameters })).toMatchObject({
        tokenSource: 'cache',
        accessToken: first!.accessToken,
      })
    }
  })

  it('wire-protocol S8: never serve an ordinary request, nor a bearer token one that names a key', async () => {
    const provider = new FakeProvider()
    const { app, account } = await signedIn({ provider })
    const ask = (key_id?: string) =>
      app.acquireTokenSilent({ scopes, account, ...(key_id && { extraBodyParameters: { token_type: 'pop', key_id, req_cnf: 'x' } }) })
    const bearer = await ask()
    provider.changes = { token_type: 'pop' }
    const [one, two] = [await ask('k1'), await ask('k2')]
    expect(provider.count()).toBe(2)
    expect(provider.lastForm).toMatchObject({ token_type: 'pop', key_id: 'k2', req_cnf: 'x' })
    expect(new Set([bearer, one, two].map((result) => result!.accessToken)).size).toBe(3)
    for (const [key, token] of [
      [undefined, bearer],
      ['k1', one],
      ['k2', two],
    ] as const)
      expect(await ask(key)).toMatchObject({ accessToken: token!.accessToken, tokenSource: 'cache', tokenType: key ? 'pop' : 'Bearer' })
  })

  it("an application's own too", async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    provider.changes = { token_type: 'pop' }
    const pop = { scopes, extraBodyParameters: { token_type: 'pop', key_id: 'k' } }
    await app.acquireTokenForClient(pop)
    provider.changes = {}
    expect(await app.acquireTokenForClient({ scopes })).toMatchObject({ tokenType: 'Bearer', tokenSource: 'identity_provider' })
    expect(await app.acquireTokenForClient(pop)).toMatchObject({ tokenType: 'pop', tokenSource: 'cache' })
  })
})

it('S48 the endpoint of an event is only filed, never asked', async () => {
  const cache = new TokenCache()
  await cache.add(appEvent({ tokenEndpoint }))
  expect(await cache.find('AccessToken')).toMatchObject([{ realm: tenant }])
})
