import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type CacheStore, TokenCache } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider, type Person } from '../../support/fake-provider.ts'
import { type MemoryStore, memoryStore } from '../../support/memory-store.ts'
import { confidentialClient, publicClient, scopes } from '../client/support.ts'

type Mood = 'well' | 'rejecting' | 'hanging' | 'throwing' | 'garbage'

/** A store whose mood changes, and what is asked of it. */
function moody(store: MemoryStore = memoryStore()) {
  const state = { mood: 'well' as Mood, asked: 0, content: store.content, elsewhere: store.elsewhere }
  const moods: Record<Exclude<Mood, 'well'>, () => Promise<never>> = {
    rejecting: () => Promise.reject(new Error('down')),
    hanging: () => new Promise(() => {}),
    throwing: () => {
      throw new Error('thrown')
    },
    garbage: () => Promise.resolve({ value: 7, version: [] } as never),
  }
  const ask = <T>(operation: () => Promise<T>): Promise<T> => {
    state.asked++
    return state.mood === 'well' ? operation() : moods[state.mood]()
  }
  const fragile: CacheStore = {
    read: (name) => ask(() => store.read(name)),
    write: (name, value, options) => ask(() => store.write(name, value, options)),
    remove: (name) => ask(() => store.remove(name)),
    list: () => {
      const names = store.list!()[Symbol.asyncIterator]()
      return { [Symbol.asyncIterator]: () => ({ next: () => ask(() => names.next()) }) }
    },
    lock: (name, task, signal) => ask(() => store.lock!(name, task, signal)),
  }
  return Object.assign(state, { store: fragile })
}

async function signIn(provider: FakeProvider, tokenCache: TokenCache, person: Person = alice) {
  const app = publicClient(provider, { tokenCache })
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
  const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, person) })
  return { app, account }
}

const realTimeout = setTimeout

/** What a promise comes to, and the milliseconds of the fake clock that it takes. */
async function timed<T>(promise: Promise<T>): Promise<{ value: T; took: number }> {
  const began = Date.now()
  let end: number | undefined
  const done = promise.finally(() => {
    end = Date.now()
  })
  done.catch(() => {})
  while (end === undefined && Date.now() < began + 120_000) {
    // What needs no timer, such as a digest, takes no time.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    if (end === undefined) await vi.advanceTimersByTimeAsync(50)
    // What loads or computes in real time must not be overtaken by the clock.
    await new Promise((resolve) => realTimeout(resolve, 2))
  }
  return { value: await done, took: (end ?? Number.POSITIVE_INFINITY) - began }
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)

beforeAll(async () => {
  // All parts load now: time stands still later.
  const provider = new FakeProvider()
  const { app, account } = await signIn(provider, new TokenCache({ store: memoryStore() }))
  await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
  await app.removeAccount(account)
  await confidentialClient(provider).acquireTokenOnBehalfOf({ userAssertion: 'x', scopes })
  await confidentialClient(provider).removeTokensForClient()
})
beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

describe('S51 a store in a bad mood', () => {
  it.each<Mood>(['rejecting', 'hanging', 'throwing', 'garbage'])(
    '%s: sign-in, renewal and sign-out work, 200 calls make one request',
    async (mood) => {
      const provider = new FakeProvider()
      const moodyStore = moody()
      moodyStore.mood = mood
      const onStoreError = vi.fn()
      const tokenCache = new TokenCache({ store: moodyStore.store, revalidateAfter: 0, onStoreError })
      const { app, account } = (await timed(signIn(provider, tokenCache))).value
      expect((await timed(app.acquireTokenSilent({ scopes, account, forceRefresh: true }))).value?.tokenSource).toBe('identity_provider')
      const service = confidentialClient(provider, { tokenCache })
      provider.requests.length = 0
      const calls = Array.from({ length: 200 }, () => service.acquireTokenForClient({ scopes: ['api/.default'] }))
      await timed(Promise.all(calls))
      expect(provider.count()).toBe(1)
      expect(onStoreError).toHaveBeenCalled()
      await timed(app.removeAccount(account))
      expect((await timed(app.getAccounts())).value).toEqual([])
    },
  )

  it('one that hangs delays one call by its limit, the others not at all, until it is tried again', async () => {
    const provider = new FakeProvider()
    const moodyStore = moody()
    const onStoreError = vi.fn()
    const { app, account } = await signIn(provider, new TokenCache({ store: moodyStore.store, revalidateAfter: 0, onStoreError }))
    moodyStore.mood = 'hanging'
    const call = () => timed(app.acquireTokenSilent({ scopes, account }))
    expect((await call()).took).toBeGreaterThanOrEqual(5000)
    const before = moodyStore.asked
    for (let round = 0; round < 50; round++) expect(await call()).toMatchObject({ took: expect.toSatisfy((took) => took < 1000) })
    expect(moodyStore.asked).toBe(before)
    expect(onStoreError).toHaveBeenCalledTimes(1)

    await seconds(10)
    const [first, ...others] = await Promise.all([call(), call(), call()])
    expect([first, ...others].map(({ took }) => took < 1000)).toEqual([false, true, true])
    expect(moodyStore.asked).toBe(before + 1)
    expect(onStoreError).toHaveBeenCalledTimes(2)

    await seconds(10)
    moodyStore.mood = 'well'
    await call()
    await call()
    expect(moodyStore.asked).toBe(before + 3)
    expect(onStoreError).toHaveBeenCalledTimes(2)
  })

  it('after a pause one call tries it, whatever the others ask for', async () => {
    const provider = new FakeProvider()
    const moodyStore = moody()
    moodyStore.mood = 'hanging'
    const app = publicClient(provider, { tokenCache: new TokenCache({ store: moodyStore.store }) })
    await timed(app.getAccount({ homeAccountId: 'first' }))
    await seconds(10)
    moodyStore.asked = 0
    const calls = Array.from({ length: 20 }, (_, index) => app.getAccount({ homeAccountId: `${index}` }))
    await timed(Promise.all(calls))
    expect(moodyStore.asked).toBe(1)
  })

  it('one that rejects is asked three times in a row, then once per pause; a failure now and then is no reason to rest', async () => {
    const provider = new FakeProvider()
    const moodyStore = moody()
    const onStoreError = vi.fn()
    const { app, account } = await signIn(provider, new TokenCache({ store: moodyStore.store, revalidateAfter: 0, onStoreError }))
    const call = () => app.acquireTokenSilent({ scopes, account })
    for (let round = 0; round < 10; round++) {
      moodyStore.mood = round % 3 === 2 ? 'well' : 'rejecting'
      await call()
    }
    expect(onStoreError).toHaveBeenCalledTimes(7)
    moodyStore.mood = 'well'
    await call()
    moodyStore.mood = 'rejecting'
    moodyStore.asked = 0
    onStoreError.mockClear()
    for (let round = 0; round < 100; round++) await call()
    expect(moodyStore.asked).toBe(3)
    expect(onStoreError).toHaveBeenCalledTimes(3)
    await seconds(10)
    for (let round = 0; round < 100; round++) await call()
    expect(moodyStore.asked).toBe(4)
    expect(onStoreError).toHaveBeenCalledTimes(4)
  })

  it('a clock that is set back does not make it rest for ever', async () => {
    const provider = new FakeProvider()
    const moodyStore = moody()
    const { app, account } = await signIn(provider, new TokenCache({ store: moodyStore.store, revalidateAfter: 0 }))
    moodyStore.mood = 'rejecting'
    for (let round = 0; round < 10; round++) await app.acquireTokenSilent({ scopes, account })
    vi.setSystemTime(Date.now() - 3_600_000)
    moodyStore.mood = 'well'
    moodyStore.asked = 0
    await app.getAccounts()
    expect(moodyStore.asked).toBeGreaterThan(0)
  })

  it('a lock that hangs is given up after 10 s, and is not asked for while the store rests', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const lock = vi.fn(() => new Promise<never>(() => {}))
    const { app, account } = await signIn(provider, new TokenCache({ store: { ...store, lock } }))
    const renew = () => timed(app.acquireTokenSilent({ scopes, account, forceRefresh: true, timeout: 60_000 }))
    const first = await renew()
    expect(first.value?.tokenSource).toBe('identity_provider')
    expect(first.took).toBeGreaterThanOrEqual(10_000)
    expect(first.took).toBeLessThan(12_000)
    expect((await renew()).took).toBeLessThan(1000)
    expect(lock).toHaveBeenCalledTimes(1)
  })

  it('a lock that somebody holds for too long is no failure of the store', async () => {
    const provider = new FakeProvider()
    const moodyStore = moody()
    const onStoreError = vi.fn()
    const { app, account } = await signIn(provider, new TokenCache({ store: moodyStore.store, onStoreError }))
    const [name] = [...moodyStore.content.keys()]
    const holding = moodyStore.elsewhere().lock!(name!, () => new Promise(() => {}))
    const renewal = await timed(app.acquireTokenSilent({ scopes, account, forceRefresh: true, timeout: 60_000 }))
    expect(renewal).toMatchObject({ value: { tokenSource: 'identity_provider' }, took: expect.toSatisfy((took) => took < 10_900) })
    expect(onStoreError).toHaveBeenCalledTimes(1)
    const cold = publicClient(provider, { tokenCache: new TokenCache({ store: moodyStore.elsewhere() }) })
    expect((await cold.acquireTokenSilent({ scopes, account }))?.accessToken).toBe(renewal.value!.accessToken)
    holding.catch(() => {})
  })

  it('a lock that is not given back does not hold up the token for longer than an operation', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const lock: CacheStore['lock'] = async (_name, task) => {
      await task()
      return new Promise<never>(() => {})
    }
    const { app, account } = await signIn(provider, new TokenCache({ store: { ...store, lock } }))
    const renewal = await timed(app.acquireTokenSilent({ scopes, account, forceRefresh: true, timeout: 60_000 }))
    expect(renewal.took).toBeGreaterThanOrEqual(5000)
    expect(renewal.took).toBeLessThan(6000)
  })
})

describe('S51 what was changed while the store was down is there when it is back', () => {
  const down = async (mood: Mood = 'rejecting') => {
    const provider = new FakeProvider()
    provider.strictRotation = true
    const moodyStore = moody()
    const tokenCache = new TokenCache({ store: moodyStore.store, revalidateAfter: 0 })
    const { app, account } = await signIn(provider, tokenCache)
    moodyStore.mood = mood
    const cold = () => publicClient(provider, { tokenCache: new TokenCache({ store: moodyStore.elsewhere() }) })
    /** The store is well again, and somebody asks for anything. */
    const recover = async () => {
      moodyStore.mood = 'well'
      await seconds(11)
      await app.getAccount({ homeAccountId: 'no.body' })
      await app.close()
    }
    return { provider, moodyStore, tokenCache, app, account, cold, recover }
  }

  it.each<Mood>(['rejecting', 'hanging'])('%s: a sign-in, of one whom nobody asks for', async (mood) => {
    const { provider, tokenCache, cold, recover } = await down(mood)
    const { value } = await timed(signIn(provider, tokenCache, bob))
    await recover()
    expect((await cold().acquireTokenSilent({ scopes, account: value.account }))?.tokenSource).toBe('cache')
  })

  it('a chain of rotated refresh tokens', async () => {
    const { provider, app, account, cold, recover } = await down()
    for (let round = 0; round < 5; round++) await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    await recover()
    expect((await cold().acquireTokenSilent({ scopes, account, forceRefresh: true }))?.tokenSource).toBe('identity_provider')
    expect(provider.count()).toBe(7)
  })

  it('a renewal, beside what another process has written meanwhile', async () => {
    const { provider, app, account, cold, recover } = await down()
    await app.acquireTokenSilent({ scopes: ['Mail.Read'], account, forceRefresh: true })
    const other = cold()
    // Its refresh token has been used by now; another sign-in brings another.
    const flow = await other.initiateAuthCodeFlow({ scopes: ['Files.Read'], redirectUri: 'https://app.example/' })
    await other.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, alice) })
    await recover()
    const reader = cold()
    for (const scope of ['User.Read', 'Mail.Read', 'Files.Read']) {
      expect((await reader.acquireTokenSilent({ scopes: [scope], account }))?.tokenSource, scope).toBe('cache')
    }
  })

  it('a sign-out', async () => {
    const { app, account, moodyStore, cold, recover } = await down()
    await app.removeAccount(account)
    expect(await app.getAccounts()).toEqual([])
    await recover()
    expect(await app.getAccounts()).toEqual([])
    expect(await cold().getAccounts()).toEqual([])
    expect(moodyStore.content.size).toBe(0)
  })

  it('a sign-out of one whom this process has never seen', async () => {
    const { provider, moodyStore, account } = await down()
    const other = publicClient(provider, { tokenCache: new TokenCache({ store: moodyStore.store }) })
    await other.removeAccount(account)
    moodyStore.mood = 'well'
    await seconds(11)
    await other.close()
    expect(moodyStore.content.size).toBe(0)
  })

  it('a partition that has left memory meanwhile', async () => {
    const provider = new FakeProvider()
    const moodyStore = moody()
    const tokenCache = new TokenCache({ store: moodyStore.store, maxPartitions: 2 })
    moodyStore.mood = 'rejecting'
    const { app, account } = await signIn(provider, tokenCache)
    moodyStore.mood = 'well'
    await seconds(11)
    for (const name of ['a', 'b', 'c']) await app.getAccount({ homeAccountId: name })
    await app.close()
    const cold = publicClient(provider, { tokenCache: new TokenCache({ store: moodyStore.elsewhere() }) })
    expect((await cold.acquireTokenSilent({ scopes, account }))?.tokenSource).toBe('cache')
  })

  it('nothing is written twice, and what cannot be written is not tried at every call', async () => {
    const provider = new FakeProvider()
    const store = memoryStore()
    const write = vi.fn(store.write)
    const tokenCache = new TokenCache({ store: { ...store, write }, revalidateAfter: 0 })
    write.mockRejectedValue(new Error('read only'))
    const { app, account } = await signIn(provider, tokenCache)
    const asked = write.mock.calls.length
    for (let round = 0; round < 50; round++) await app.acquireTokenSilent({ scopes, account })
    expect(write).toHaveBeenCalledTimes(asked)
    write.mockImplementation(store.write)
    await seconds(11)
    for (let round = 0; round < 5; round++) await app.acquireTokenSilent({ scopes, account })
    await app.close()
    expect(write).toHaveBeenCalledTimes(asked + 1)
    expect(store.content.size).toBe(1)
  })
})
