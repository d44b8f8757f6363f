import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type CacheStore, type ConfidentialClientApplication, TokenCache, type TokenResult } from '../../../src/core/index.ts'
import { fileStore } from '../../../src/node/file-store.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { type MemoryStore, memoryStore } from '../../support/memory-store.ts'
import { confidentialClient, scopes } from '../client/support.ts'
import { counted } from './counted-store.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

const userAssertion = 'a.users.token'
type Request = (app: ConfidentialClientApplication, options?: { forceRefresh?: boolean; scopes?: string[] }) => Promise<TokenResult>
const app: Request = (client, options) => client.acquireTokenForClient({ scopes: ['api/.default'], ...options })
const assertion: Request = (client, options) => client.acquireTokenOnBehalfOf({ userAssertion, scopes, ...options })
const kinds: [string, Request][] = [
  ['app', app],
  ['assertion', assertion],
]

const cacheOver = (store: CacheStore) => new TokenCache({ store })
const process = (provider: FakeProvider, store: CacheStore) => confidentialClient(provider, { tokenCache: cacheOver(store) })
const processes = (provider: FakeProvider, store: MemoryStore, count = 20) =>
  Array.from({ length: count }, () => process(provider, store.elsewhere()))

describe.each(kinds)('an %s partition in a store', (kind, request) => {
  it('a hit asks the store nothing, a cold one reads once, and a miss locks, reads, asks and writes once', async () => {
    const provider = new FakeProvider()
    const { store, calls, reset } = counted(memoryStore())
    const client = process(provider, store)
    await request(client)
    expect(calls).toEqual({ read: 2, lock: 1, write: 1, remove: 0, conflict: 0 })
    expect(provider.count()).toBe(1)
    reset()
    expect((await request(client)).tokenSource).toBe('cache')
    expect(calls).toEqual({ read: 0, lock: 0, write: 0, remove: 0, conflict: 0 })

    expect((await request(process(provider, store))).tokenSource).toBe('cache')
    expect(calls).toEqual({ read: 1, lock: 0, write: 0, remove: 0, conflict: 0 })
    expect(provider.count()).toBe(1)

    reset()
    expect((await request(client, { forceRefresh: true })).tokenSource).toBe('identity_provider')
    expect(calls).toEqual({ read: 1, lock: 1, write: 1, remove: 0, conflict: 0 })
    expect(provider.count()).toBe(2)
  })

  it('many processes make one request: cold, with an expired token, and ahead of its end', async () => {
    const provider = new FakeProvider()
    provider.delay = () => 5
    provider.changes = { refresh_in: 1800 }
    const store = memoryStore()
    const all = processes(provider, store)
    const together = async () => {
      provider.requests.length = 0
      const results = await Promise.all(all.map((client) => request(client)))
      await Promise.all(all.map((client) => client.close()))
      return { tokens: new Set(results.map(({ accessToken }) => accessToken)).size, requests: provider.count() }
    }
    expect(await together()).toEqual({ tokens: 1, requests: 1 })
    later(3500)
    expect(await together()).toEqual({ tokens: 1, requests: 1 })
    later(1900)
    // Each may hand out the old one while it is good.
    expect((await together()).requests).toBe(1)
  })

  it('many that share a file make one request, and all find it there', async () => {
    vi.useRealTimers()
    const folder = await mkdtemp(join(tmpdir(), 'store-locks-'))
    try {
      const provider = new FakeProvider()
      provider.delay = () => 5
      const open = () => process(provider, fileStore(join(folder, 'tokens.json')))
      await Promise.all(Array.from({ length: 8 }, () => request(open())))
      expect(provider.count()).toBe(1)
      expect((await request(open())).tokenSource).toBe('cache')
      expect(await open().getAccounts()).toEqual([])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('a forced one is made by each, for a cached token will not do', async () => {
    const provider = new FakeProvider()
    const all = processes(provider, memoryStore(), 3)
    await Promise.all(all.map((client) => request(client, { forceRefresh: true })))
    expect(provider.count()).toBe(3)
  })

  it('one process takes the lock for one scope after the other, and keeps them all', async () => {
    const provider = new FakeProvider()
    const { store, calls } = counted(memoryStore())
    const client = process(provider, store)
    const wanted = ['a', 'b', 'c'].map((name) => [`api-${name}/.default`])
    await Promise.all(wanted.map((asked) => request(client, { scopes: asked })))
    expect(calls).toMatchObject({ lock: 3, conflict: 0 })
    const cold = process(provider, store)
    for (const asked of wanted) expect((await request(cold, { scopes: asked })).tokenSource).toBe('cache')
  })

  it('it is no account', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const client = process(provider, store)
    await request(client)
    expect([...store.content.keys()]).toEqual([expect.stringMatching(`^${kind}:`)])
    expect(await client.getAccounts()).toEqual([])
    expect(await process(provider, store).getAccounts()).toEqual([])
  })
})

describe('what is got on behalf of a user', () => {
  it('serves nobody who brings another assertion, in any process', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const first = await assertion(process(provider, store))
    const second = await process(provider, store).acquireTokenOnBehalfOf({ userAssertion: 'another.users.token', scopes })
    expect(second.tokenSource).toBe('identity_provider')
    expect(second.accessToken).not.toBe(first.accessToken)
    expect(store.content.size).toBe(2)
  })

  it('the name of its partition does not give the assertion away, nor does its value', async () => {
    const store = memoryStore()
    await assertion(process(new FakeProvider(), store))
    const [name, { value }] = [...store.content][0]!
    expect(name + value).not.toContain(userAssertion)
  })

  it('may be dropped a day after it was written; a token without a refresh token when it ends', async () => {
    const provider = new FakeProvider()
    const ttls: (number | undefined)[] = []
    const store = memoryStore()
    const write: CacheStore['write'] = (name, value, options) => {
      ttls.push(options.ttl)
      return store.write(name, value, options)
    }
    const client = process(provider, { ...store, write })
    await assertion(client)
    await app(client)
    expect(ttls).toEqual([24 * 3600_000, 3600_000])
  })

  it('is got again where the store has dropped it', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const client = process(provider, store)
    await assertion(client)
    store.content.clear()
    later(61)
    expect((await assertion(client)).tokenSource).toBe('identity_provider')
    expect(provider.count('refresh_token')).toBe(0)
  })

  it('a refresh token that another process has rotated is used as that left it', async () => {
    const provider = new FakeProvider()
    provider.strictRotation = true
    const store = memoryStore()
    const [one, other] = processes(provider, store, 2) as [ConfidentialClientApplication, ConfidentialClientApplication]
    await assertion(one)
    await assertion(other)
    for (const client of [one, other, one]) {
      later(3500)
      expect((await assertion(client)).tokenSource).toBe('identity_provider')
    }
    expect(provider.count('refresh_token')).toBe(3)
    expect(provider.count()).toBe(4)
  })

  it('without a store it is kept, through any number of others', async () => {
    const provider = new FakeProvider()
    const client = confidentialClient(provider, { tokenCache: new TokenCache({ maxPartitions: 1 }) })
    const all = Array.from({ length: 50 }, (_, index) => `assertion.${index}`)
    for (const each of all) await client.acquireTokenOnBehalfOf({ userAssertion: each, scopes })
    for (const each of all) {
      expect((await client.acquireTokenOnBehalfOf({ userAssertion: each, scopes })).tokenSource).toBe('cache')
    }
    expect(await client.getAccounts()).toEqual([])
  })
})
