import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { partitionsOf } from '../../../src/core/cache/token-cache.ts'
import { SerializableTokenCache, TokenCache } from '../../../src/core/index.ts'
import { FakeProvider, tokens } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { clientId, confidentialClient, scopes } from '../client/support.ts'
import { host, tenant } from './support.ts'

const start = Date.UTC(2030, 0, 1)
beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const hour = 3600
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)
const hashOf = (assertion: string) => createHash('sha256').update(assertion).digest('base64url')

function created<C extends TokenCache>(tokenCache: C) {
  const provider = new FakeProvider()
  const app = confidentialClient(provider, { tokenCache })
  const bring = (userAssertion: string) => app.acquireTokenOnBehalfOf({ userAssertion, scopes })
  const count = async () =>
    Promise.all((['AccessToken', 'RefreshToken', 'Account', 'IdToken'] as const).map(async (type) => (await tokenCache.find(type)).length))
  const { assertions } = partitionsOf(tokenCache)
  const holds = (assertion: string) => assertions.has(hashOf(assertion))
  return { provider, app, bring, count, assertions, holds, tokenCache }
}

describe('S47 what was got with an assertion', () => {
  it('goes a day after it has ended, when another comes: one a day for 200 days leaves three', async () => {
    const { bring, count } = created(new TokenCache())
    for (let day = 0; day < 200; day++) {
      await bring(`day ${day}`)
      later(24 * hour)
    }
    expect(await count()).toEqual([3, 3, 3, 3])
  })

  it('stays for that day, and can be renewed', async () => {
    const { bring, holds, provider } = created(new TokenCache())
    await bring('early')
    later(25 * hour)
    await bring('late')
    expect(holds('early')).toBe(true)
    const before = provider.count()
    await bring('early')
    expect(provider.tokenRequests().slice(before)).toMatchObject([{ form: { grant_type: 'refresh_token' } }])
    later(25 * hour)
    // What was renewed counts from then.
    await bring('later')
    expect([holds('early'), holds('late')]).toEqual([true, true])
    later(1)
    for (const assertion of ['one', 'two', 'the last']) await bring(assertion)
    expect([holds('early'), holds('late')]).toEqual([false, false])
    expect([holds('later'), holds('the last')]).toEqual([true, true])
  })

  it('costs the same however many are good, and none of them goes', async () => {
    const { bring, assertions } = created(new TokenCache())
    for (let user = 0; user < 300; user++) await bring(`user ${user}`)
    const looks = vi.spyOn(assertions, 'delete')
    for (let user = 300; user < 310; user++) await bring(`user ${user}`)
    expect(looks).toHaveBeenCalledTimes(10)
    expect(assertions.size).toBe(310)
  })

  it('is not in the way of others where it lives for long', async () => {
    const { bring, holds, assertions, provider } = created(new TokenCache())
    provider.replies.push(tokens({ expires_in: 365 * 24 * hour }))
    await bring('long')
    for (let day = 0; day < 30; day++) {
      await bring(`day ${day}`)
      later(24 * hour)
    }
    expect(holds('long')).toBe(true)
    expect(assertions.size).toBeLessThanOrEqual(5)
  })

  it('of another library, stays in a file for the day, with its refresh token', async () => {
    const now = start / 1000
    const owner = { home_account_id: 'u.t', environment: host, client_id: clientId }
    const access = (hash: string, expires: number) => ({
      ...owner,
      userAssertionHash: hash,
      realm: tenant,
      secret: hash,
      target: 's',
      expires_on: `${expires}`,
    })
    const refresh = (hash: string) => ({ ...owner, userAssertionHash: hash, secret: `refresh ${hash}` })
    const { tokenCache, bring } = created(new SerializableTokenCache())
    tokenCache.deserialize(
      JSON.stringify({
        AccessToken: { a: access('ended', now - 25 * hour), b: access('of today', now - 23 * hour), c: access('good', now + hour) },
        RefreshToken: { a: refresh('ended'), b: refresh('of today'), c: refresh('good'), d: refresh('of no time') },
      }),
    )
    const left = async () =>
      (await tokenCache.find('RefreshToken', { home_account_id: 'u.t' })).map((entity) => (entity as { secret: string }).secret)
    for (let turn = 0; turn < 6; turn++) await bring(`turn ${turn}`)
    expect((await left()).sort()).toEqual(['refresh good', 'refresh of no time', 'refresh of today'])
    expect(tokenCache.hasStateChanged).toBe(true)
    later(2 * hour)
    for (let turn = 0; turn < 12; turn++) await bring(`next turn ${turn}`)
    expect((await left()).sort()).toEqual(['refresh good', 'refresh of no time'])
  })

  it('over a store is the store’s to keep', async () => {
    const store = memoryStore()
    const { bring, assertions } = created(new TokenCache({ store }))
    await bring('early')
    later(26 * hour)
    await bring('late')
    expect(assertions.size).toBe(2)
    expect(store.content.size).toBe(2)
  })
})
