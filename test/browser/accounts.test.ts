import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { accounts } from '../../src/browser/index.ts'
import { contextOf } from '../../src/core/client/context.ts'
import { scopes } from '../core/client/support.ts'
import { alice, bob, homeAccountIdOf } from '../support/fake-provider.ts'
import { memoryStore } from '../support/memory-store.ts'
import { activeName, carol, names, open, signIn, watch } from './accounts-support.ts'
import { until } from './storage-support.ts'

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

test('what is no client is refused', () => {
  expect(() => accounts({} as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  expect(() => accounts(undefined as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})
