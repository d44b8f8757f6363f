import { describe, expect, it } from 'vitest'
import { type CacheStore, type RequestOptions, TokenCache, type TokenResult } from '../../../src/core/index.ts'
import { clientOn, machine } from '../../node/managed-identity/support.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { confidentialClient, errorOf, publicClient, scopes } from './support.ts'

type Ask = (options?: RequestOptions) => Promise<TokenResult | null>

/** How a process over this cache asks for the token that another has left in the store. */
type Method = (provider: FakeProvider, tokenCache: TokenCache) => Promise<Ask>

const methods: [string, Method][] = [
  [
    'acquireTokenSilent',
    async (provider, tokenCache) => {
      const app = publicClient(provider, { tokenCache })
      const account = (await app.getAccounts())[0] ?? (await app.acquireTokenByRefreshToken({ refreshToken: 'rt', scopes })).account
      return (options) => app.acquireTokenSilent({ scopes, account, ...options })
    },
  ],
  [
    'acquireTokenForClient',
    async (provider, tokenCache) => {
      const app = confidentialClient(provider, { tokenCache })
      return (options) => app.acquireTokenForClient({ scopes: ['api/.default'], ...options })
    },
  ],
  [
    'acquireTokenOnBehalfOf',
    async (provider, tokenCache) => {
      const app = confidentialClient(provider, { tokenCache })
      return (options) => app.acquireTokenOnBehalfOf({ userAssertion: 'a.users.token', scopes, ...options })
    },
  ],
  [
    'acquireTokenForClient of a managed identity',
    async ({ fetch }, tokenCache) => {
      const platform: typeof fetch = async () =>
        Response.json({ access_token: 'at', expires_on: `${Math.floor(Date.now() / 1000) + 7200}` })
      const client = clientOn(machine({}), { tokenCache, fetch: platform })
      return (options) => client.acquireTokenForClient({ resource: 'https://vault.example', ...options })
    },
  ],
]

/** A store whose reads do not end before they are let go, but for the first ones. */
function slowStore() {
  const store = memoryStore()
  let letGo = () => {}
  let wait = Promise.resolve()
  let arrive = () => {}
  const slow: CacheStore = {
    ...store,
    async read(name) {
      arrive()
      await wait
      return store.read(name)
    },
  }
  const hang = () => {
    wait = new Promise((resolve) => {
      letGo = resolve
    })
    return new Promise<void>((resolve) => {
      arrive = resolve
    })
  }
  return { slow, hang, letGo: () => letGo() }
}

describe.each(methods)('%s over a store whose read does not end', (_, method) => {
  /** Everything is stored, and nothing is in memory that could be trusted. */
  const asked = async () => {
    const provider = new FakeProvider()
    const { slow, ...control } = slowStore()
    const errors: unknown[] = []
    const onStoreError = (error: unknown) => void errors.push(error)
    await (await method(provider, new TokenCache({ store: slow })))()
    const ask = await method(provider, new TokenCache({ store: slow, onStoreError, revalidateAfter: 0 }))
    provider.requests.length = 0
    return { ask, provider, errors, ...control }
  }

  it('S37 an abort ends the call at once', async () => {
    const { ask, errors, hang, letGo, provider } = await asked()
    const reading = hang()
    const aborter = new AbortController()
    const call = errorOf(ask({ signal: aborter.signal, correlationId: 'mine' }))
    await reading
    const other = ask()
    aborter.abort('enough')
    expect(await call).toMatchObject({ code: 'aborted', cause: 'enough', correlationId: 'mine' })
    expect(errors, 'before the store was given up').toEqual([])
    // The read itself goes on, for others.
    letGo()
    expect(await other).toMatchObject({ tokenSource: 'cache' })
    expect(provider.requests).toEqual([])
  })

  it('S36 the end of its time ends the call', async () => {
    const { ask, errors, hang, letGo, provider } = await asked()
    hang()
    expect(await errorOf(ask({ timeout: 300, correlationId: 'mine' }))).toMatchObject({ code: 'timed_out', correlationId: 'mine' })
    expect(errors, 'before the store was given up').toEqual([])
    letGo()
    expect(await ask()).toMatchObject({ tokenSource: 'cache' })
    expect(provider.requests).toEqual([])
  })

  it('S37 a signal and a time that are not needed leave nothing behind', async () => {
    const { ask } = await asked()
    const { signal } = new AbortController()
    const listeners = new Set<unknown>()
    signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener)
    signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener)
    expect(await ask({ signal, timeout: 300 })).toMatchObject({ tokenSource: 'cache' })
    expect(listeners.size).toBe(0)
  })
})
