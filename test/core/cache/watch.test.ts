import { describe, expect, it, vi } from 'vitest'
import { partitionsOf } from '../../../src/core/cache/token-cache.ts'
import { type CacheStore, encrypted, TokenCache } from '../../../src/core/index.ts'
import { alice, FakeProvider } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { confidentialClient, publicClient, scopes } from '../client/support.ts'

async function signIn(provider: FakeProvider, store: CacheStore) {
  const tokenCache = new TokenCache({ store })
  const app = publicClient(provider, { tokenCache })
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
  const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, alice) })
  return { app, account, tokenCache }
}

/** Counts how often the content of a cache is said to have changed. */
function changesOf(tokenCache: TokenCache) {
  const listener = vi.fn()
  partitionsOf(tokenCache).listeners.add(listener)
  return listener
}

describe('a store that tells of changes', () => {
  it('a sign-out elsewhere is seen at once, and listeners hear of it', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { app, account, tokenCache } = await signIn(provider, store)
    const elsewhere = publicClient(provider, { tokenCache: new TokenCache({ store: store.elsewhere() }) })
    const heard = changesOf(tokenCache)
    await elsewhere.removeAccount(account)
    expect(heard).toHaveBeenCalled()
    expect(await app.getAccounts()).toEqual([])
    expect(await app.acquireTokenSilent({ scopes, account })).toBeNull()
  })

  it('a sign-in elsewhere is heard, and found', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const tokenCache = new TokenCache({ store: store.elsewhere() })
    const app = publicClient(provider, { tokenCache })
    expect(await app.getAccounts()).toEqual([])
    const heard = changesOf(tokenCache)
    const { account } = await signIn(provider, store)
    expect(heard).toHaveBeenCalled()
    expect(await app.getAccounts()).toEqual([account])
  })

  it('a change that comes while the partition is being read makes it be read again', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { account } = await signIn(provider, store)
    let arrive: (() => void) | undefined
    const slow: CacheStore = {
      ...store.elsewhere(),
      async read(partition) {
        const found = store.content.get(partition) ?? null
        await new Promise<void>((resolve) => {
          arrive = resolve
        })
        return found
      },
    }
    const app = publicClient(provider, { tokenCache: new TokenCache({ store: slow }) })
    const reading = app.getAccount(account)
    await vi.waitFor(() => expect(arrive).toBeDefined())
    await publicClient(provider, { tokenCache: new TokenCache({ store }) }).removeAccount(account)
    arrive!()
    arrive = undefined
    expect(await reading).not.toBeNull()
    const again = app.getAccount(account)
    await vi.waitFor(() => expect(arrive).toBeDefined())
    arrive!()
    expect(await again).toBeNull()
  })

  it('is watched from the first use until close(), and again from the next use', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    let watches = 0
    let watching = 0
    const counted: CacheStore = {
      ...store,
      watch(changed) {
        watches++
        watching++
        const stop = store.watch!(changed)
        return () => {
          watching--
          stop()
        }
      },
    }
    const app = confidentialClient(provider, { tokenCache: new TokenCache({ store: counted, revalidateAfter: 0 }) })
    expect(watches).toBe(0)
    const request = () => app.acquireTokenForClient({ scopes: ['api/.default'] })
    await request()
    await request()
    expect([watches, watching]).toEqual([1, 1])
    await app.close()
    await app.close()
    expect(watching).toBe(0)
    await request()
    expect([watches, watching]).toEqual([2, 1])
  })

  it('encrypted, it still tells', async () => {
    const provider = new FakeProvider()
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    const store = memoryStore()
    const { app, account } = await signIn(provider, encrypted(store, key))
    const elsewhere = publicClient(provider, { tokenCache: new TokenCache({ store: encrypted(store.elsewhere(), key) }) })
    await elsewhere.removeAccount(account)
    expect(await app.getAccounts()).toEqual([])
  })

  it('a watch that cannot begin is reported, and costs nobody their token', async () => {
    const provider = new FakeProvider()
    const onStoreError = vi.fn()
    const watch = () => {
      throw new Error('no watch')
    }
    const tokenCache = new TokenCache({ store: { ...memoryStore(), watch }, onStoreError })
    const app = confidentialClient(provider, { tokenCache })
    await app.acquireTokenForClient({ scopes: ['api/.default'] })
    await app.acquireTokenForClient({ scopes: ['other/.default'] })
    expect(onStoreError).toHaveBeenCalledTimes(1)
    await app.close()
  })

  it('what a read brings is heard; what it finds unchanged is not', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const { account } = await signIn(provider, store)
    const { watch: _, ...silent } = store
    const tokenCache = new TokenCache({ store: silent, revalidateAfter: 0 })
    const app = publicClient(provider, { tokenCache })
    const heard = changesOf(tokenCache)
    await app.getAccount(account)
    expect(heard).toHaveBeenCalledTimes(1)
    await app.getAccount(account)
    await app.getAccounts()
    expect(heard).toHaveBeenCalledTimes(1)
  })
})
