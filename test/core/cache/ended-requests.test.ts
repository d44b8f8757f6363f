import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AccountInfo, type PublicClientApplication, TokenCache } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { publicClient, scopes } from '../client/support.ts'

/** A write that a Worker's request has begun: it never settles once the request is over, and no timer of that request fires. */
function endingRequests() {
  // A lock would have run out by itself.
  const { lock: _, ...store } = memoryStore()
  const write = vi.fn(store.write)
  let failing = false
  return {
    ...store,
    store: {
      ...store,
      write: ((...input) => (failing ? Promise.reject(new Error('down')) : write(...input))) as typeof store.write,
    },
    fail: (fails: boolean) => {
      failing = fails
    },
    /** The next write ends its request; whether it comes to the store is nobody's knowledge. */
    endNext: (lands: boolean) =>
      write.mockImplementationOnce((...input) => {
        if (lands) store.write(...input)
        return new Promise(() => {})
      }),
    write,
  }
}

async function signIn(app: PublicClientApplication, provider: FakeProvider, person = alice) {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
  return app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, person) })
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)
/** Until all that needs no timer has come to its end, and then no timer fires any more. */
async function requestEnds() {
  await settled()
  const now = Date.now()
  vi.clearAllTimers()
  vi.setSystemTime(now)
}
async function settled() {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

beforeAll(async () => {
  // All parts load now: time stands still later.
  const provider = new FakeProvider()
  const app = publicClient(provider, { tokenCache: new TokenCache({ store: memoryStore() }) })
  const { account } = await signIn(app, provider)
  await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
})
beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

describe('a write whose request has ended before it did', () => {
  const setting = async () => {
    const provider = new FakeProvider()
    provider.strictRotation = true
    const ending = endingRequests()
    const app = publicClient(provider, { tokenCache: new TokenCache({ store: ending.store, revalidateAfter: 0 }) })
    const { account } = await signIn(app, provider)
    const cold = () => publicClient(provider, { tokenCache: new TokenCache({ store: ending.elsewhere() }) })
    return { provider, ending, app, account, cold }
  }
  const renew = (app: PublicClientApplication, account: AccountInfo) => app.acquireTokenSilent({ scopes, account, forceRefresh: true })
  /** Somebody else asks for anything. */
  const another = async (app: PublicClientApplication) => {
    await app.getAccount({ homeAccountId: 'no.body' })
    await settled()
  }

  it.each([false, true])('a renewal (its write lands: %s) is written by others, and no sign-in is lost', async (lands) => {
    const { provider, ending, app, account, cold } = await setting()
    ending.endNext(lands)
    renew(app, account).catch(() => {})
    await requestEnds()
    await another(app)
    expect(ending.write).toHaveBeenCalledTimes(2)
    await seconds(31)
    await another(app)
    const written = ending.write.mock.calls.length
    expect(written).toBeGreaterThan(2)
    expect((await renew(cold(), account))?.tokenSource).toBe('identity_provider')
    expect(provider.count()).toBe(3)
    await another(app)
    expect(ending.write, 'and once is enough').toHaveBeenCalledTimes(written)
  })

  it('one who was writing for others is not waited for either', async () => {
    const { provider, ending, app, account, cold } = await setting()
    ending.fail(true)
    await renew(app, account)
    const { account: second } = await signIn(app, provider, bob)
    ending.fail(false)
    await seconds(11)
    ending.endNext(false)
    await another(app)
    await requestEnds()
    await another(app)
    await seconds(31)
    await another(app)
    for (const person of [account, second])
      expect((await cold().acquireTokenSilent({ scopes, account: person }))?.tokenSource).toBe('cache')
  })

  it('close() waits for 30 s at most', async () => {
    const { provider, ending, app, account } = await setting()
    ending.fail(true)
    await renew(app, account)
    ending.fail(false)
    ending.endNext(false)
    await seconds(11)
    await another(app)
    await requestEnds()
    const closed = vi.fn()
    app.close().then(closed)
    await seconds(29)
    expect(closed).not.toHaveBeenCalled()
    await seconds(2)
    await settled()
    expect(closed).toHaveBeenCalled()
    expect(provider.count()).toBe(2)
  })
})
