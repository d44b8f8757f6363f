import { describe, expect, test, vi } from 'vitest'
import { accounts } from '../../src/browser/index.ts'
import { TokenCache } from '../../src/core/index.ts'
import { publicClient } from '../core/client/support.ts'
import { alice, bob, homeAccountIdOf } from '../support/fake-provider.ts'
import { memoryStore } from '../support/memory-store.ts'
import { activeName, names, open, provider, signIn, stored, watch } from './accounts-support.ts'
import { until } from './storage-support.ts'

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
