import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type LogRecord, SerializableTokenCache, TokenCache } from '../../../src/core/index.ts'
import { environmentName } from '../../../src/node/managed-identity/machine.ts'
import { canary, leaks } from '../../support/canary.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { clientOn, inSeconds, machine, type Platform, resource, startPlatform, token, variablesFor } from './support.ts'

let server: Platform
beforeEach(async () => {
  server = await startPlatform()
})
afterEach(async () => {
  vi.useRealTimers()
  await server.close()
})

const imds = () => machine(variablesFor.imds(server.url('token')))
const later = (seconds: number) => vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] })

describe('C18 the cache', () => {
  it('holds the shared schema’s entry, for any name of a machine', async () => {
    for (const name of ['Web-1.Example', 'My Laptop', 'höst', 'a/b?c#d', '']) {
      const tokenCache = new SerializableTokenCache()
      const client = clientOn({ ...imds(), hostname: environmentName(name) }, { tokenCache })
      await client.acquireTokenForClient({ resource })
      const before = server.hits.length
      expect(await client.acquireTokenForClient({ resource }), name).toMatchObject({ tokenSource: 'cache' })
      expect(server.hits).toHaveLength(before)
      const [entry] = await tokenCache.find('AccessToken')
      expect(entry).toEqual({
        credential_type: 'AccessToken',
        secret: 'at',
        home_account_id: null,
        environment: { 'My Laptop': 'my-laptop', '': 'localhost' }[name] ?? name.toLowerCase(),
        client_id: 'SYSTEM_ASSIGNED_MANAGED_IDENTITY',
        target: resource,
        realm: 'managed_identity',
        token_type: 'Bearer',
        cached_at: expect.stringMatching(/^\d+$/),
        expires_on: expect.stringMatching(/^\d+$/),
        extended_expires_on: expect.stringMatching(/^\d+$/),
        refresh_on: expect.stringMatching(/^\d+$/),
      })
      const copy = new SerializableTokenCache()
      copy.deserialize(tokenCache.serialize())
      const other = clientOn({ ...imds(), hostname: environmentName(name) }, { tokenCache: copy })
      expect(await other.acquireTokenForClient({ resource })).toMatchObject({ tokenSource: 'cache' })
    }
  })

  it('finds over a store what another process has stored', async () => {
    const store = memoryStore()
    const ask = (cache: TokenCache) => clientOn(imds(), { tokenCache: cache }).acquireTokenForClient({ resource })
    expect(await ask(new TokenCache({ store }))).toMatchObject({ tokenSource: 'identity_provider' })
    expect(await ask(new TokenCache({ store }))).toMatchObject({ accessToken: 'at', tokenSource: 'cache' })
    expect(server.hits).toHaveLength(1)
  })

  it('keeps resources, identities and machines apart', async () => {
    const tokenCache = new TokenCache()
    let issued = 0
    server.content = () => token(3600, { access_token: `at-${++issued}` })
    const ask = (of: string, identity?: { clientId: string } | { objectId: string }, name = 'web-1') =>
      clientOn({ ...imds(), hostname: name }, { tokenCache, ...(identity && { identity }) }).acquireTokenForClient({ resource: of })
    const all = () =>
      Promise.all([ask('r1'), ask('r2'), ask('r1', { clientId: 'c' }), ask('r1', { objectId: 'o' }), ask('r1', undefined, 'web-2')])
    const first = (await all()).map(({ accessToken }) => accessToken)
    expect(new Set(first).size).toBe(5)
    expect((await all()).map(({ accessToken }) => accessToken)).toEqual(first)
    expect(issued).toBe(5)
  })

  it.each([
    [299, 2],
    [300, 2],
    [400, 1],
  ])('a token of %i seconds makes %i requests of two calls', async (life, requests) => {
    server.content = () => token(life)
    const client = clientOn(imds())
    // In the middle of a second, or the whole seconds of the cache could count as a life of exactly 300.
    vi.useFakeTimers({ now: Math.floor(Date.now() / 1000) * 1000 + 500, toFake: ['Date'] })
    await client.acquireTokenForClient({ resource })
    await client.acquireTokenForClient({ resource })
    expect(server.hits).toHaveLength(requests)
  })

  it('is left alone once the token has gone', async () => {
    server.content = () => token(3600)
    const client = clientOn(imds())
    await client.acquireTokenForClient({ resource })
    later(3400)
    expect(await client.acquireTokenForClient({ resource })).toMatchObject({ tokenSource: 'identity_provider' })
  })

  it.each<[number, object, number | undefined]>([
    [7199, {}, undefined],
    [7200, {}, 3600],
    [7203, {}, 3601],
    [7200, { refresh_in: '100' }, 100],
    [3600, { refresh_in: 1800 }, 1800],
  ])('a token of %i seconds with %j is renewed after %s', async (life, more, after) => {
    server.content = () => token(life, more)
    vi.useFakeTimers({ now: Math.floor(Date.now() / 1000) * 1000 + 500, toFake: ['Date'] })
    const { refreshOn } = await clientOn(imds()).acquireTokenForClient({ resource })
    expect(refreshOn && refreshOn.getTime() / 1000 - inSeconds(0)).toBe(after)
  })

  it('hands out a token past its half and renews it behind, once', async () => {
    const renewals: Promise<unknown>[] = []
    const client = clientOn(imds(), { waitUntil: (work) => renewals.push(work) })
    await client.acquireTokenForClient({ resource })
    later(50_000)
    server.content = () => token(86_399, { access_token: 'at-2' })
    renewals.length = 0
    const old = await Promise.all(Array.from({ length: 20 }, () => client.acquireTokenForClient({ resource })))
    expect(old.every(({ accessToken, tokenSource }) => accessToken === 'at' && tokenSource === 'cache')).toBe(true)
    await Promise.all(renewals)
    expect(server.hits).toHaveLength(2)
    expect(await client.acquireTokenForClient({ resource })).toMatchObject({ accessToken: 'at-2', tokenSource: 'cache' })
    expect(server.hits).toHaveLength(2)
  })

  it('a renewal that fails reaches nobody', async () => {
    const renewals: Promise<unknown>[] = []
    const variables = variablesFor.app_service(server.url('token'))
    const client = clientOn(machine(variables), { waitUntil: (work) => renewals.push(work) })
    await client.acquireTokenForClient({ resource })
    later(50_000)
    variables.IDENTITY_ENDPOINT = server.url('html')
    expect(await client.acquireTokenForClient({ resource })).toMatchObject({ tokenSource: 'cache' })
    await Promise.all(renewals)
    expect(server.hits.map(({ path }) => path.split('?')[0])).toEqual(['/token', '/html'])
  })

  it('is passed over for a claims challenge, which is not sent', async () => {
    const client = clientOn(imds())
    await client.acquireTokenForClient({ resource })
    server.content = () => token(3600, { access_token: 'at-2' })
    const claimsChallenge = '{"access_token":{"nbf":{"value":"1"}}}'
    expect(await client.acquireTokenForClient({ resource, claimsChallenge })).toMatchObject({ accessToken: 'at-2' })
    expect(server.hits[1]!.path).toBe(server.hits[0]!.path)
    expect(await client.acquireTokenForClient({ resource })).toMatchObject({ accessToken: 'at-2', tokenSource: 'cache' })
  })

  it('that cannot store costs nobody a token', async () => {
    class Broken extends TokenCache {
      override add = () => Promise.reject(new Error(canary('cache')))
    }
    const records: LogRecord[] = []
    const client = clientOn(imds(), { tokenCache: new Broken(), logger: (record) => records.push(record) })
    expect(await client.acquireTokenForClient({ resource, correlationId: 'c-1' })).toMatchObject({ accessToken: 'at' })
    expect(records).toContainEqual(expect.objectContaining({ level: 'error', correlationId: 'c-1' }))
    expect(leaks(records)).toEqual([])
  })
})
