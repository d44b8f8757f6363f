import { access } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type CacheStore, TokenCache } from '../../../src/core/index.ts'
import { redisStore } from '../../../src/redis/index.ts'
import { alice, FakeProvider } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { publicClient, scopes } from '../client/support.ts'

afterEach(() => void vi.useRealTimers())

const hour = 3_600_000
/** A store that tells nobody of changes. */
const silent = ({ watch: _, ...store }: CacheStore): CacheStore => store

async function signIn(provider: FakeProvider, tokenCache: TokenCache) {
  const app = publicClient(provider, { tokenCache })
  const again = async () => {
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
    return app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, alice) })
  }
  return { app, again, account: (await again()).account }
}

/** Keeps everything in this process from going on, as a suspended machine does. */
function standStill(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** Answers by way of the system, so that an answer that has come waits behind the timers that are due. */
const answer = <T>(value: T) => new Promise<T>((resolve) => void access(new URL(import.meta.url), () => resolve(value)))

describe('S67 a clock that is set back, a process that stood still', () => {
  it('what was read in the future is read again', async () => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1) + hour, toFake: ['Date'] })
    const provider = new FakeProvider()
    const store = memoryStore()
    const { app, account } = await signIn(provider, new TokenCache({ store: silent(store) }))
    vi.setSystemTime(Date.now() - hour)
    const elsewhere = publicClient(provider, { tokenCache: new TokenCache({ store }) })
    await elsewhere.removeAccount(account)
    expect(await app.getAccount(account)).toBeNull()
  })

  it('what a store has answered is as old as the question', async () => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] })
    const provider = new FakeProvider()
    const store = memoryStore()
    const { account } = await signIn(provider, new TokenCache({ store }))
    let slow = true
    const read: CacheStore['read'] = async (partition) => {
      const found = await store.read(partition)
      if (slow) vi.setSystemTime(Date.now() + hour / 60)
      return found
    }
    const app = publicClient(provider, { tokenCache: new TokenCache({ store: { ...silent(store), read } }) })
    expect(await app.getAccount(account)).not.toBeNull()
    slow = false
    await store.remove([...store.content.keys()][0]!)
    expect(await app.getAccount(account)).toBeNull()
  })

  it('an answer of Redis that came while the process stood still counts', async () => {
    const client = { eval: () => answer(['v1', 'd{}']) }
    const reading = redisStore(client, { timeout: 1000 }).read('user:a')
    await Promise.resolve()
    standStill(1100)
    expect(await reading).toEqual({ version: '1', value: '{}' })
  })
})

it('S31 a refresh from before a sign-out changes nothing of what the next sign-in has brought', async () => {
  const provider = new FakeProvider()
  const { app, again, account } = await signIn(provider, new TokenCache())
  let arrived = () => {}
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve
  })
  provider.delay = ({ form }) => {
    if (form.grant_type !== 'refresh_token') return 0
    arrived()
    return 200
  }
  const before = app.acquireTokenSilent({ scopes, account, forceRefresh: true })
  await arrival
  await app.removeAccount(account)
  const next = await again()
  expect((await before)?.accessToken).not.toBe(next.accessToken)
  expect((await app.acquireTokenSilent({ scopes, account }))?.accessToken).toBe(next.accessToken)
})
