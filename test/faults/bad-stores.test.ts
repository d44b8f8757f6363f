import { describe, expect, it } from 'vitest'
import { type CacheStore, type LogRecord, TokenCache } from '../../src/core/index.ts'
import { confidentialClient, publicClient, scopes, settled, unknownAccount } from '../core/client/support.ts'
import { canary, expectNoCanary } from '../support/canary.ts'
import { alice, FakeProvider } from '../support/fake-provider.ts'

/** What an operation of a store must not do. */
const bad: Record<string, () => unknown> = {
  'throws at once': () => {
    throw new Error(canary('store'))
  },
  'is rejected with a text': () => Promise.reject(canary('store')),
  'gives nothing': () => undefined,
  'gives null': async () => null,
  'gives a number': async () => 7,
  'gives an object of garbage': async () => ({ value: 42, version: {}, [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }),
  'lists what is no name': () => ({ [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 42 }) }) }),
  'cannot be told to stop': () => () => {
    throw new Error(canary('stop'))
  },
}
const operations = ['read', 'write', 'remove', 'list', 'lock', 'watch']

describe.each(Object.keys(bad))('S51 S70 S72 a store whose every operation %s', (name) => {
  it.each([
    ['with all operations', operations],
    ['with the least', operations.slice(0, 3)],
  ])('%s: every method goes on without it', async (_, has) => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const store = Object.fromEntries(has.map((operation) => [operation, bad[name]!])) as unknown as CacheStore
    const provider = new FakeProvider()
    const records: LogRecord[] = []
    let reported = 0
    const onStoreError = () => {
      reported++
      throw new Error('not our business')
    }
    for (const make of [publicClient, confidentialClient]) {
      const tokenCache = new TokenCache({ store, onStoreError })
      const app = make(provider, { tokenCache, logger: (record: LogRecord) => void records.push(record) })
      expect(await app.getAccounts()).toEqual([])
      expect(await app.getAccount(unknownAccount)).toBe(null)
      expect(await app.acquireTokenSilent({ scopes, account: unknownAccount })).toBe(null)
      const { account } = await app.acquireTokenByRefreshToken({ refreshToken: provider.refreshTokenOf(alice), scopes })
      expect((await app.acquireTokenSilent({ scopes, account }))?.tokenSource).toBe('cache')
      expect((await app.acquireTokenSilent({ scopes: ['Other.Read'], account }))?.tokenSource).toBe('identity_provider')
      expect(await app.getAccounts()).toEqual([account])
      expect(await app.getLogoutUrl({ account })).toContain('/logout')
      await app.removeAccount(account)
      expect(await app.getAccounts()).toEqual([])
      if ('removeTokensForClient' in app) {
        await app.acquireTokenForClient({ scopes: ['api/.default'] })
        await app.acquireTokenOnBehalfOf({ scopes, userAssertion: 'an assertion' })
        await app.removeTokensForClient()
      }
      await app.close()
      await app.close()
    }
    await settled()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    expect(reported).toBeGreaterThan(0)
    expectNoCanary(records)
  })
})
