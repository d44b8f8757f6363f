import { describe, expect, it, vi } from 'vitest'
import { type CacheStore, encrypted, TokenCache } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { confidentialClient, publicClient, scopes } from '../client/support.ts'
import { counted } from './counted-store.ts'

async function signIn(provider: FakeProvider, tokenCache: TokenCache, person = alice) {
  const app = publicClient(provider, { tokenCache })
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
  const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, person) })
  return { app, account }
}

describe('a token cache over a store', () => {
  it('a hit in memory asks the store nothing, a cold one reads once, and a renewal locks, reads, asks and writes once', async () => {
    const provider = new FakeProvider()
    const { store, calls, reset } = counted(memoryStore())
    const { app, account } = await signIn(provider, new TokenCache({ store }))
    expect(calls).toMatchObject({ write: 1 })
    reset()
    expect((await app.acquireTokenSilent({ scopes, account }))?.tokenSource).toBe('cache')
    expect(calls).toMatchObject({ read: 0, write: 0, lock: 0 })

    const cold = publicClient(provider, { tokenCache: new TokenCache({ store }) })
    provider.requests.length = 0
    expect((await cold.acquireTokenSilent({ scopes, account }))?.tokenSource).toBe('cache')
    expect(calls).toMatchObject({ read: 1, write: 0, lock: 0 })
    expect(provider.requests).toHaveLength(0)

    reset()
    expect((await app.acquireTokenSilent({ scopes, account, forceRefresh: true }))?.tokenSource).toBe('identity_provider')
    expect(calls).toMatchObject({ read: 1, write: 1, lock: 1, conflict: 0 })
  })

  it('S26 S27 many processes that find the same expired token make one request', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { account } = await signIn(provider, new TokenCache({ store }))
    const name = [...store.content.keys()][0]!
    const held = JSON.parse(store.content.get(name)!.value) as { AccessToken: Record<string, { expires_on: string }> }
    for (const token of Object.values(held.AccessToken)) token.expires_on = '1000'
    store.content.set(name, { value: JSON.stringify(held), version: 'expired' })
    provider.requests.length = 0
    const apps = Array.from({ length: 20 }, () => publicClient(provider, { tokenCache: new TokenCache({ store }) }))
    const results = await Promise.all(apps.map((app) => app.acquireTokenSilent({ scopes, account })))
    expect(new Set(results.map((result) => result!.accessToken)).size).toBe(1)
    expect(provider.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it("without a lock, one process's write keeps what another's brought", async () => {
    const provider = new FakeProvider()
    const { lock: _, ...store } = memoryStore()
    const { app, account } = await signIn(provider, new TokenCache({ store }))
    const other = publicClient(provider, { tokenCache: new TokenCache({ store }) })
    await Promise.all([
      app.acquireTokenSilent({ scopes: ['Mail.Read'], account }),
      other.acquireTokenSilent({ scopes: ['Files.Read'], account }),
    ])
    const cold = publicClient(provider, { tokenCache: new TokenCache({ store }) })
    provider.requests.length = 0
    for (const scope of ['User.Read', 'Mail.Read', 'Files.Read']) {
      expect((await cold.acquireTokenSilent({ scopes: [scope], account }))?.tokenSource, scope).toBe('cache')
    }
  })

  it('a sign-out elsewhere is seen after revalidateAfter', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { app, account } = await signIn(provider, new TokenCache({ store, revalidateAfter: 20 }))
    const elsewhere = publicClient(provider, { tokenCache: new TokenCache({ store }) })
    await elsewhere.removeAccount(account)
    expect(store.content.size).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await app.acquireTokenSilent({ scopes, account })).toBeNull()
    expect(await app.getAccounts()).toEqual([])
  })

  it('getAccounts tells of all that the store lists, getAccount of one', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { account } = await signIn(provider, new TokenCache({ store }))
    await signIn(provider, new TokenCache({ store }), bob)
    const cold = publicClient(provider, { tokenCache: new TokenCache({ store }) })
    expect(await cold.getAccount(account)).toMatchObject({ username: alice.username })
    expect((await cold.getAccounts()).map(({ username }) => username).sort()).toEqual([alice.username, bob.username].sort())
  })

  it('S47 memory holds no more than maxPartitions, and forgets whom it has not seen for longest', async () => {
    const provider = new FakeProvider()
    const { store, calls, reset } = counted(memoryStore())
    const tokenCache = new TokenCache({ store, maxPartitions: 1 })
    const { app, account } = await signIn(provider, tokenCache)
    await signIn(provider, tokenCache, bob)
    reset()
    expect((await app.acquireTokenSilent({ scopes, account }))?.tokenSource).toBe('cache')
    expect(calls.read).toBe(1)
  })

  it('S25 a new refresh token is stored before its access token is handed out', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { app, account } = await signIn(provider, new TokenCache({ store }))
    const { write } = store
    const stored = () => JSON.parse([...store.content.values()][0]!.value).RefreshToken
    const before = stored()
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    store.write = vi.fn(async (...args: Parameters<typeof write>) => {
      await held
      return write(...args)
    })
    const handedOut = vi.fn()
    const call = app.acquireTokenSilent({ scopes, account, forceRefresh: true }).then(handedOut)
    await vi.waitFor(() => expect(store.write).toHaveBeenCalled())
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(handedOut).not.toHaveBeenCalled()
    finish()
    await call
    expect(handedOut).toHaveBeenCalled()
    expect(stored()).not.toEqual(before)
  })

  it('S25 S51 a store that fails costs nobody their token, and is reported', async () => {
    const provider = new FakeProvider()
    const broken = () => Promise.reject(new Error('down'))
    const onStoreError = vi.fn()
    const logger = vi.fn()
    const tokenCache = new TokenCache({ store: { read: broken, write: broken, remove: broken, lock: broken }, onStoreError })
    const app = publicClient(provider, { tokenCache, logger })
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
    const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, alice) })
    expect((await app.acquireTokenSilent({ scopes, account, forceRefresh: true }))?.tokenSource).toBe('identity_provider')
    expect(onStoreError).toHaveBeenCalled()
    expect(logger).toHaveBeenCalledWith(expect.objectContaining({ level: 'error' }))
  })

  it('S25 S47 an account that has left memory during its renewal is not taken for one that has signed out', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const tokenCache = new TokenCache({ store, maxPartitions: 1 })
    const { app, account } = await signIn(provider, tokenCache)
    const gate = provider.hold()
    const renewal = app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    await gate.arrived()
    const other = new FakeProvider()
    await signIn(other, tokenCache, bob)
    gate.open()
    const renewed = await renewal
    const cold = publicClient(provider, { tokenCache: new TokenCache({ store }) })
    expect((await cold.acquireTokenSilent({ scopes, account }))?.accessToken).toBe(renewed!.accessToken)
  })

  it('S51 who signs in while the store is down is still signed in when it is back', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    let down = true
    const fragile: CacheStore = {
      read: (partition) => (down ? Promise.reject(new Error('down')) : store.read(partition)),
      write: (...args) => (down ? Promise.reject(new Error('down')) : store.write(...args)),
      remove: store.remove,
    }
    const { app, account } = await signIn(provider, new TokenCache({ store: fragile, revalidateAfter: 0 }))
    down = false
    expect((await app.acquireTokenSilent({ scopes, account }))?.tokenSource).toBe('cache')
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    expect(store.content.size).toBe(1)
  })

  it('what was read before a write does not replace what was written', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    let late: Promise<void> | undefined
    const slow: CacheStore = {
      ...store,
      async read(partition) {
        const arrival = late
        const found = await store.read(partition)
        await arrival
        return found
      },
    }
    const tokenCache = new TokenCache({ store: slow, revalidateAfter: 0 })
    const { app, account } = await signIn(provider, tokenCache)
    const [held] = (await tokenCache.find('RefreshToken')) as [{ secret: string }]
    let arrive = () => {}
    late = new Promise((resolve) => {
      arrive = resolve
    })
    const reading = app.acquireTokenSilent({ scopes, account })
    const written = await app.acquireTokenByRefreshToken({ refreshToken: held.secret, scopes })
    arrive()
    expect((await reading)?.accessToken).toBe(written.accessToken)
  })

  it('S46 what a store files under the wrong name serves nobody', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { account } = await signIn(provider, new TokenCache({ store }))
    const [own] = store.content.keys()
    await signIn(provider, new TokenCache({ store }), bob)
    const [, other] = store.content.values()
    store.content.set(own!, other!)
    const app = publicClient(provider, { tokenCache: new TokenCache({ store }) })
    expect(await app.acquireTokenSilent({ scopes, account })).toBeNull()
    expect(await app.getAccount(account)).toBeNull()
    expect((await app.getAccounts()).map(({ username }) => username)).toEqual([bob.username])
  })

  it('S44 a stored partition that is broken counts as empty', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { account } = await signIn(provider, new TokenCache({ store }))
    for (const value of ['', 'no json', '[]', '{"AccessToken":[],"RefreshToken":{"x":7}}']) {
      store.content.set([...store.content.keys()][0]!, { value, version: `broken ${value}` })
      const cold = publicClient(provider, { tokenCache: new TokenCache({ store, onStoreError: () => {} }) })
      expect(await cold.acquireTokenSilent({ scopes, account }), value).toBeNull()
    }
  })

  it("an application's own tokens are found by the next process, by tenant name and after a cold start, and can be forgotten", async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const first = confidentialClient(provider, { tokenCache: new TokenCache({ store }) })
    await first.acquireTokenForClient({ scopes: ['api/.default'] })
    const second = confidentialClient(provider, { tokenCache: new TokenCache({ store }) })
    expect((await second.acquireTokenForClient({ scopes: ['api/.default'] })).tokenSource).toBe('cache')
    await second.removeTokensForClient()
    expect(store.content.size).toBe(0)
  })

  it('encrypted, nothing readable is in the store', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    const { account } = await signIn(provider, new TokenCache({ store: encrypted(store, key) }))
    const { value } = [...store.content.values()][0]!
    expect(value).not.toContain('secret')
    const cold = publicClient(provider, { tokenCache: new TokenCache({ store: encrypted(store, key) }) })
    expect((await cold.acquireTokenSilent({ scopes, account }))?.tokenSource).toBe('cache')
  })
})
