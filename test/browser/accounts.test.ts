import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { accounts } from '../../src/browser/index.ts'
import { contextOf } from '../../src/core/client/context.ts'
import { type AccountInfo, type PublicClientApplication, TokenCache } from '../../src/core/index.ts'
import { publicClient, scopes } from '../core/client/support.ts'
import { alice, bob, FakeProvider, homeAccountIdOf, type Person } from '../support/fake-provider.ts'
import { type MemoryStore, memoryStore } from '../support/memory-store.ts'
import { until } from './storage-support.ts'

const carol: Person = { ...alice, uid: '00000000-0000-4000-8000-0000000ca401', username: 'carol@contoso.example', name: 'Carol' }

/** What all tabs of an origin share, as far as one process can show it. */
function stubLocalStorage() {
  const content = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => content.get(key) ?? null,
    setItem: (key: string, value: string) => void content.set(key, value),
    removeItem: (key: string) => void content.delete(key),
  })
  return content
}

let stored: Map<string, string>
beforeEach(() => {
  stored = stubLocalStorage()
})
afterEach(() => vi.unstubAllGlobals())

const provider = new FakeProvider()
provider.persons.push(carol)
const open = (store?: MemoryStore) => publicClient(provider, { tokenCache: new TokenCache(store ? { store } : {}) })

async function signIn(app: PublicClientApplication, person: Person): Promise<AccountInfo> {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
  return (await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, person) })).account
}

/** Subscribes for the duration of a test, and counts. */
function watch(app: PublicClientApplication) {
  const told = vi.fn()
  onTestFinished(accounts(app).subscribe(told))
  return told
}

const names = (app: PublicClientApplication) =>
  accounts(app)
    .get()
    .map(({ username }) => username.split('@')[0])
const activeName = (app: PublicClientApplication) => accounts(app).active?.username.split('@')[0] ?? null

describe('the snapshot', () => {
  test('is the same array until something changes, and frozen', async () => {
    const app = open()
    const { get } = accounts(app)
    expect(accounts(app)).toBe(accounts(app))
    const empty = get()
    expect(empty).toEqual([])
    expect(get()).toBe(empty)
    const account = await signIn(app, alice)
    const one = get()
    expect(one).toEqual([account])
    expect(get()).toBe(one)
    expect(Object.isFrozen(one) && Object.isFrozen(one[0])).toBe(true)
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    expect(get(), 'a renewal is no change').toBe(one)
    await signIn(app, bob)
    const two = get()
    expect(two).toHaveLength(2)
    expect(two, 'the others stay the same objects').toContain(one[0])
  })

  test('has an order that no use of the accounts changes', async () => {
    const app = open(memoryStore())
    const people = []
    for (const person of [carol, alice, bob]) people.push(await signIn(app, person))
    const ids = () =>
      accounts(app)
        .get()
        .map(({ homeAccountId }) => homeAccountId)
    const before = ids()
    expect(before).toEqual([carol, alice, bob].map(homeAccountIdOf).sort())
    for (const account of people) {
      await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
      expect(ids()).toEqual(before)
    }
  })

  test('shows a guest once', async () => {
    const app = open()
    const account = await signIn(app, alice)
    const guest = 'https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222'
    await app.acquireTokenSilent({ scopes, account, authority: guest })
    expect(await app.getAccounts()).toHaveLength(1)
    expect(accounts(app).get()).toEqual([account])
  })

  test('over a store is empty until that has been read, and then subscribers are told', async () => {
    const store = memoryStore()
    await signIn(open(store), alice)
    const app = open(store.elsewhere())
    const told = watch(app)
    expect(names(app)).toEqual([])
    await until(() => told.mock.calls.length > 0)
    expect(names(app)).toEqual(['alice'])
    expect(activeName(app)).toBe('alice')
    expect(told).toHaveBeenCalledTimes(1)
  })

  test('can be asked for without a subscription', async () => {
    const store = memoryStore()
    const [app, other] = [open(store), open(store.elsewhere())]
    await signIn(other, alice)
    await until(() => names(app).join() === 'alice')
    await signIn(other, bob)
    await until(() => names(app).length === 2)
  })
})

describe('subscribers', () => {
  test('hear of sign-ins and sign-outs here, once each, and of nothing else', async () => {
    const app = open(memoryStore())
    const told = watch(app)
    const account = await signIn(app, alice)
    await until(() => told.mock.calls.length === 1)
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    await app.acquireTokenSilent({ scopes: ['Mail.Read'], account })
    await app.removeAccount(account)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told).toHaveBeenCalledTimes(2)
    expect(names(app)).toEqual([])
  })

  test('hear of what another tab does', async () => {
    const store = memoryStore()
    const [here, there] = [open(store), open(store.elsewhere())]
    watch(here)
    const account = await signIn(there, alice)
    await until(() => names(here).join() === 'alice')
    await signIn(there, bob)
    await until(() => names(here).length === 2)
    await there.removeAccount(account)
    await until(() => names(here).join() === 'bob')
  })

  test('hear of nothing after they have left, and leave nothing behind', async () => {
    const app = open(memoryStore())
    const add = vi.fn()
    const remove = vi.fn()
    vi.stubGlobal('addEventListener', add)
    vi.stubGlobal('removeEventListener', remove)
    const told = vi.fn()
    const { listeners } = contextOf(app).memory
    const before = listeners.size
    const stops = [accounts(app).subscribe(told), accounts(app).subscribe(told)]
    expect(listeners.size).toBe(before + 1)
    expect(add).toHaveBeenCalledTimes(1)
    await signIn(app, alice)
    expect(told, 'the same function twice is two subscribers').toHaveBeenCalledTimes(2)
    stops[0]!()
    stops[0]!()
    await signIn(app, bob)
    expect(told).toHaveBeenCalledTimes(3)
    expect(remove).not.toHaveBeenCalled()
    stops[1]!()
    expect(remove.mock.calls).toEqual(add.mock.calls)
    expect(listeners.size).toBe(before)
    await signIn(app, carol)
    expect(told).toHaveBeenCalledTimes(3)
    expect(names(app)).toHaveLength(3)
  })

  test('that throw disturb neither the others nor the sign-in', async () => {
    const app = open()
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const error = new Error('mine')
    onTestFinished(
      accounts(app).subscribe(() => {
        throw error
      }),
    )
    const told = watch(app)
    await signIn(app, alice)
    expect(told).toHaveBeenCalledTimes(1)
    expect(reported).toHaveBeenCalledWith(error)
  })

  test('are asked nothing of a store while nobody subscribes', async () => {
    const store = memoryStore()
    const list = vi.spyOn(store, 'list')
    const app = open(store)
    accounts(app)
    await signIn(app, alice)
    expect(list).not.toHaveBeenCalled()
  })
})

describe('the active account', () => {
  test('is who signs in first, until they sign out; then nobody until somebody is chosen', async () => {
    const app = open()
    const told = watch(app)
    expect(activeName(app)).toBeNull()
    const account = await signIn(app, alice)
    expect(activeName(app)).toBe('alice')
    expect(accounts(app).active).toBe(accounts(app).get()[0])
    const other = await signIn(app, bob)
    expect(activeName(app)).toBe('alice')
    await app.removeAccount(account)
    expect(activeName(app)).toBeNull()
    expect([...stored.values()], 'nothing is left of who has gone').toEqual([''])
    await signIn(app, alice)
    expect(activeName(app), 'and stays nobody').toBeNull()
    told.mockClear()
    accounts(app).active = other
    expect(activeName(app)).toBe('bob')
    expect(told).toHaveBeenCalledTimes(1)
    accounts(app).active = other
    expect(told).toHaveBeenCalledTimes(1)
    accounts(app).active = null
    expect(activeName(app)).toBeNull()
  })

  test('is who signs in after everybody has left, watched or not', async () => {
    for (const watched of [true, false]) {
      stored.clear()
      const app = open()
      if (watched) watch(app)
      const account = await signIn(app, alice)
      expect(activeName(app)).toBe('alice')
      await app.removeAccount(account)
      if (watched) expect(activeName(app)).toBeNull()
      await signIn(app, bob)
      expect(activeName(app)).toBe('bob')
    }
  })

  test('lasts over page loads, and so does that it is nobody', async () => {
    const store = memoryStore()
    const app = open(store)
    await signIn(app, alice)
    const other = await signIn(app, bob)
    accounts(app).active = other
    expect([...stored.values()]).toEqual([other.homeAccountId])
    const next = open(store.elsewhere())
    watch(next)
    await until(() => activeName(next) === 'bob')
    await next.removeAccount(other)
    expect(activeName(next)).toBeNull()
    const last = open(store.elsewhere())
    watch(last)
    await until(() => names(last).join() === 'alice')
    expect(activeName(last)).toBeNull()
  })

  test.each([
    { people: [alice], active: 'alice' },
    { people: [alice, bob], active: null },
  ])('of an earlier visit is the only account there is: $active', async ({ people, active }) => {
    const store = memoryStore()
    for (const person of people) await signIn(open(store.elsewhere()), person)
    const app = open(store.elsewhere())
    const told = watch(app)
    await until(() => told.mock.calls.length > 0)
    expect(names(app)).toHaveLength(people.length)
    expect(activeName(app)).toBe(active)
  })

  test('outlives a store that fails', async () => {
    const store = memoryStore()
    const first = open(store)
    await signIn(first, alice)
    await until(() => activeName(first) === 'alice')
    const failing = {
      ...store.elsewhere(),
      // biome-ignore lint/correctness/useYield: it fails before
      async *list(): AsyncGenerator<string> {
        throw new Error('failed')
      },
    }
    const app = open(failing)
    watch(app)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(activeName(app)).toBeNull()
    expect([...stored.values()]).toEqual([homeAccountIdOf(alice)])
  })

  test('follows the other tabs', async () => {
    const store = memoryStore()
    const [here, there] = [open(store), open(store.elsewhere())]
    let onStorage = () => {}
    vi.stubGlobal('addEventListener', (_: string, listener: () => void) => {
      onStorage = listener
    })
    const told = watch(here)
    const account = await signIn(here, alice)
    await signIn(here, bob)
    await until(() => names(there).length === 2)
    told.mockClear()
    accounts(there).active = null
    onStorage()
    expect(told).toHaveBeenCalledTimes(1)
    expect(activeName(here)).toBeNull()
    accounts(there).active = account
    expect(activeName(here)).toBe('alice')
    await there.removeAccount(account)
    await until(() => names(here).join() === 'bob')
    expect(activeName(here)).toBeNull()
  })

  test.each([
    ['is missing', undefined],
    [
      'refuses',
      {
        getItem: () => null,
        setItem: () => {
          throw new DOMException('full', 'QuotaExceededError')
        },
      },
    ],
    ['may not be touched', 'throws'],
  ])('works where localStorage %s', async (_name, storage) => {
    if (storage === 'throws') {
      const get = () => {
        throw new DOMException('no', 'SecurityError')
      }
      Object.defineProperty(globalThis, 'localStorage', { configurable: true, get })
    } else vi.stubGlobal('localStorage', storage)
    const app = open()
    await signIn(app, alice)
    expect(activeName(app)).toBe('alice')
    const other = await signIn(app, bob)
    accounts(app).active = other
    expect(activeName(app)).toBe('bob')
    accounts(app).active = null
    expect(activeName(app)).toBeNull()
  })

  test('is its own for each client id', async () => {
    const store = memoryStore()
    const one = open(store)
    const two = publicClient(provider, { clientId: 'another', tokenCache: new TokenCache({ store: store.elsewhere() }) })
    await signIn(one, alice)
    const other = await signIn(one, bob)
    accounts(one).active = other
    watch(two)
    await until(() => names(two).length === 2)
    expect(activeName(two)).toBeNull()
  })
})

test('what is no client is refused', () => {
  expect(() => accounts({} as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  expect(() => accounts(undefined as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})
