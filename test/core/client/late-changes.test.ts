import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type CacheStore, TokenCache } from '../../../src/core/index.ts'
import { FakeProvider, refuse, tokens } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { publicClient, scopes, settled, storedSecrets } from './support.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const pass = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)

/** Two processes on one store, which one of them may find out of order. */
function setting() {
  const provider = new FakeProvider()
  const shared = memoryStore()
  const create = ({ clientId, store = shared.elsewhere() }: { clientId?: string; store?: CacheStore } = {}) => {
    const tokenCache = new TokenCache({ store, revalidateAfter: 0 })
    return publicClient(provider, { tokenCache, ...(clientId && { clientId }) })
  }
  let fails = false
  const inner = shared.elsewhere()
  const unless = <Call extends (...given: never[]) => Promise<unknown>>(call: Call) =>
    ((...given) => (fails ? Promise.reject(new Error('down')) : call(...given))) as Call
  const failing: CacheStore = { read: unless(inner.read), write: unless(inner.write), remove: unless(inner.remove) }
  const cutOff = create({ store: failing })
  const signIn = async (app: typeof cutOff, name: string) => {
    provider.replies.push(tokens({ access_token: `at ${name}`, refresh_token: `rt ${name}` }))
    pass(1)
    const { account } = await app.acquireTokenByRefreshToken({ refreshToken: `given ${name}`, scopes })
    pass(1)
    return account
  }
  return {
    provider,
    create,
    cutOff,
    signIn,
    /** The store does not answer one process any more. */
    fail() {
      fails = true
    },
    /** It does again, and the process finds out. */
    async recover() {
      fails = false
      pass(20)
      await cutOff.getAccount({ homeAccountId: 'no.body' })
      await settled()
    },
    refreshTokens: () => storedSecrets(shared.content, 'RefreshToken'),
    size: () => shared.content.size,
  }
}

describe('S31 S51 a sign-out that the store got late', () => {
  it('does not end what began elsewhere after it', async () => {
    const { cutOff, create, signIn, fail, recover, refreshTokens } = setting()
    const account = await signIn(cutOff, 'first')
    fail()
    await cutOff.removeAccount(account)
    expect(await cutOff.acquireTokenSilent({ scopes, account })).toBe(null)
    const other = create()
    await signIn(other, 'second')
    await recover()
    expect(refreshTokens()).toEqual(['rt second'])
    for (const app of [other, cutOff]) expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken: 'at second' })
  })

  it('ends what had been there, as others have renewed it since', async () => {
    const { provider, cutOff, create, signIn, fail, recover, size } = setting()
    const account = await signIn(cutOff, 'first')
    fail()
    await cutOff.removeAccount(account)
    const other = create()
    provider.replies.push(tokens({ access_token: 'at renewed', refresh_token: 'rt renewed' }))
    pass(1)
    expect(await other.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ accessToken: 'at renewed' })
    await recover()
    expect(size()).toBe(0)
    expect(await other.acquireTokenSilent({ scopes, account })).toBe(null)
  })

  it('ends a sign-in that came before it, though this process had not seen that', async () => {
    const { cutOff, create, signIn, fail, recover, size } = setting()
    const account = await signIn(cutOff, 'first')
    fail()
    await signIn(create(), 'second')
    await cutOff.removeAccount(account)
    await recover()
    expect(size()).toBe(0)
  })

  it('ends it also where the clock of that other process is ahead, if this process had seen it', async () => {
    const { cutOff, create, signIn, fail, recover, size } = setting()
    const account = await signIn(cutOff, 'first')
    const now = Date.now()
    pass(3600)
    await signIn(create(), 'second')
    vi.setSystemTime(now + 3000)
    expect(await cutOff.getAccount({ homeAccountId: account.homeAccountId })).toMatchObject({ username: account.username })
    fail()
    await cutOff.removeAccount(account)
    await recover()
    expect(size()).toBe(0)
  })

  it('ends its own tokens where somebody came back by another application', async () => {
    const { cutOff, create, signIn, fail, recover, refreshTokens } = setting()
    const account = await signIn(cutOff, 'first')
    fail()
    await cutOff.removeAccount(account)
    const other = create({ clientId: '99999999-9999-4999-8999-999999999999' })
    await signIn(other, 'second')
    await recover()
    expect(refreshTokens()).toEqual(['rt second'])
    expect(await cutOff.acquireTokenSilent({ scopes, account })).toBe(null)
    expect(await other.acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken: 'at second' })
  })
})

describe('S51 a sign-in that the store got late', () => {
  it('does not take the place of one that came after it elsewhere', async () => {
    const { cutOff, create, signIn, fail, recover, refreshTokens } = setting()
    await cutOff.getAccounts()
    fail()
    const account = await signIn(cutOff, 'first')
    await signIn(create(), 'second')
    await recover()
    expect(refreshTokens()).toEqual(['rt second'])
    expect(await cutOff.acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken: 'at second' })
  })

  it('adds what another application has not brought', async () => {
    const { provider, cutOff, create, signIn, fail, recover, refreshTokens } = setting()
    fail()
    const account = await signIn(cutOff, 'first')
    await signIn(create({ clientId: '99999999-9999-4999-8999-999999999999' }), 'second')
    await recover()
    expect(refreshTokens().sort()).toEqual(['rt first', 'rt second'])
    provider.replies.push(refuse('invalid_grant'))
    expect(await cutOff.acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken: 'at first' })
  })

  it('in time, it takes the place of one that the clock elsewhere says is later', async () => {
    const { create, signIn, refreshTokens } = setting()
    const now = Date.now()
    pass(3600)
    await signIn(create(), 'first')
    vi.setSystemTime(now)
    await signIn(create(), 'second')
    expect(refreshTokens()).toEqual(['rt second'])
  })

  it('takes the place of one that came before it', async () => {
    const { cutOff, create, signIn, fail, recover, refreshTokens } = setting()
    await signIn(cutOff, 'first')
    fail()
    await signIn(create(), 'second')
    await signIn(cutOff, 'third')
    await recover()
    expect(refreshTokens()).toEqual(['rt third'])
  })
})
