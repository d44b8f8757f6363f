import { describe, expect, it } from 'vitest'
import { partitionsOf } from '../../../src/core/cache/token-cache.ts'
import { type AccountInfo, TokenCache } from '../../../src/core/index.ts'
import { alice, FakeProvider, type Person } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { confidentialClient, errorOf, publicClient, scopes } from '../client/support.ts'
import { counted } from './counted-store.ts'

const person = (name: string): Person => ({
  ...alice,
  uid: `00000000-0000-4000-8000-0000000000${name}`,
  username: `${name}@contoso.example`,
})
const names = ['a1', 'b2', 'c3', 'd4']

/** A store that holds four people, and a client whose memory may hold few partitions. */
async function setting(maxPartitions: number) {
  const provider = new FakeProvider()
  const inner = memoryStore()
  const accounts: AccountInfo[] = []
  const signIn = publicClient(provider, { tokenCache: new TokenCache({ store: inner }) })
  for (const name of names) {
    const flow = await signIn.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
    accounts.push((await signIn.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, person(name)) })).account)
  }
  const { store, calls, reset } = counted(inner)
  const tokenCache = new TokenCache({ store, maxPartitions })
  const app = publicClient(provider, { tokenCache })
  const ask = (index: number) => app.acquireTokenSilent({ scopes, account: accounts[index]! })
  const { users, apps, assertions } = partitionsOf(tokenCache)
  const held = () => users.size + apps.size + assertions.size
  return { provider, app, accounts, ask, calls, reset, tokenCache, held }
}

describe('S47 what memory holds over a store', () => {
  it('lets those go that were used longest ago; a hit is a use', async () => {
    const { ask, calls, reset } = await setting(2)
    for (const index of [0, 1, 0]) await ask(index)
    await ask(2)
    reset()
    await ask(0)
    expect(calls.read).toBe(0)
    await ask(1)
    expect(calls.read).toBe(1)
  })

  it('is maxPartitions in all: people, applications and assertions', async () => {
    const { provider, ask, tokenCache, held } = await setting(2)
    const service = confidentialClient(provider, { tokenCache })
    for (const index of [0, 1, 2]) await ask(index)
    expect(held()).toBe(2)
    for (const userAssertion of ['one', 'two', 'three']) await service.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(held()).toBe(2)
    await service.acquireTokenForClient({ scopes: ['api/.default'] })
    expect(held()).toBeLessThanOrEqual(2)
    expect((await service.acquireTokenForClient({ scopes: ['api/.default'] })).tokenSource).toBe('cache')
  })

  it('getAccounts tells of all the same, of one by name too', async () => {
    const { app, accounts, held } = await setting(2)
    const of = (list: AccountInfo[]) => list.map(({ username }) => username).sort()
    expect(of(await app.getAccounts())).toEqual(of(accounts))
    expect(of(await app.getAccounts())).toEqual(of(accounts))
    expect(held()).toBe(2)
    for (const { username } of accounts) expect(of(await app.getAccounts({ username: username.toUpperCase() }))).toEqual([username])
    await app.removeAccount(accounts[0]!)
    expect(of(await app.getAccounts())).toEqual(of(accounts.slice(1)))
  })
})

describe('accounts are asked for as everything else is', () => {
  it.each(['getAccounts', 'getAccount'] as const)('%s: an abort, and a store that hangs', async (method) => {
    const provider = new FakeProvider()
    const hanging = () => new Promise<never>(() => {})
    const list = () => ({ [Symbol.asyncIterator]: () => ({ next: hanging }) })
    const tokenCache = new TokenCache({ store: { ...memoryStore(), read: hanging, list } })
    const app = publicClient(provider, { tokenCache })
    const ask = (options: { signal?: AbortSignal; timeout?: number }) => app[method]({ homeAccountId: 'a.b', ...options })
    expect(await errorOf(ask({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'aborted' })
    const controller = new AbortController()
    const asking = errorOf(ask({ signal: controller.signal }))
    controller.abort()
    expect(await asking).toMatchObject({ code: 'aborted' })
    expect(await errorOf(ask({ timeout: 50 }))).toMatchObject({ code: 'timed_out' })
  })
})

it('a waitUntil that throws costs nobody their call', async () => {
  const waitUntil = () => {
    throw new TypeError('Illegal invocation')
  }
  const app = publicClient(new FakeProvider(), { waitUntil })
  expect((await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })).authUri).toContain('https://')
})
