import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entity } from '../../../src/core/cache/entities.ts'
import { sameMeaning } from '../../../src/core/cache/write.ts'
import { SerializableTokenCache } from '../../../src/core/index.ts'
import { appEvent, clientId, clientInfoOf, home, host, tenant, userEvent } from './support.ts'

const now = 1_900_000_000

beforeEach(() => void vi.useFakeTimers({ now: now * 1000, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

describe('sameMeaning', () => {
  const token: Entity = { client_id: clientId, environment: host, realm: tenant, home_account_id: home, target: 'A B' }
  const compare = (type: 'AccessToken' | 'RefreshToken' | 'IdToken' | 'Account' | 'AppMetadata', change: Entity) =>
    sameMeaning({ type, entity: token }, { type, entity: { ...token, ...change } })

  it.each<[Entity, boolean]>([
    [{}, true],
    [{ environment: 'login.windows.net' }, true],
    [{ realm: 'common' }, true],
    [{ realm: 'organizations' }, true],
    [{ realm: tenant.toUpperCase() }, true],
    [{ target: 'b a' }, true],
    [{ target: 'A B openid profile' }, true],
    [{ token_type: 'bearer' }, true],
    [{ secret: 'x', cached_at: '1' }, true],
    [{ environment: 'login.microsoftonline.us' }, false],
    [{ environment: 'login.example' }, false],
    [{ realm: 'other' }, false],
    [{ client_id: 'other' }, false],
    [{ target: 'A' }, false],
    [{ target: 'A B C' }, false],
    [{ token_type: 'pop' }, false],
    [{ key_id: 'k' }, false],
  ])('S45 access tokens, %o: %s', (change, same) => expect(compare('AccessToken', change)).toBe(same))

  it.each<[Entity, boolean]>([
    [{ target: 'x', realm: 'other' }, true],
    [{ client_id: 'other' }, false],
    [{ family_id: '1' }, false],
  ])('refresh tokens, %o: %s', (change, same) => expect(compare('RefreshToken', change)).toBe(same))

  it('refresh tokens of one family by the family, of two families not', () => {
    const ofFamily = (family_id: string, client_id: string) => ({
      type: 'RefreshToken' as const,
      entity: { ...token, family_id, client_id },
    })
    expect(sameMeaning(ofFamily('1', 'one'), ofFamily('1', 'other'))).toBe(true)
    expect(sameMeaning(ofFamily('1', 'one'), ofFamily('2', 'one'))).toBe(false)
  })

  it('id tokens by client and realm, accounts by realm, metadata by client', () => {
    expect(compare('IdToken', { target: 'x' })).toBe(true)
    expect(compare('IdToken', { realm: 'x' })).toBe(false)
    expect(compare('IdToken', { client_id: 'x' })).toBe(false)
    expect(compare('Account', { client_id: 'x' })).toBe(true)
    expect(compare('Account', { realm: 'x' })).toBe(false)
    expect(compare('AppMetadata', { realm: 'x' })).toBe(true)
    expect(compare('AppMetadata', { client_id: 'x' })).toBe(false)
    expect(sameMeaning({ type: 'Account', entity: token }, { type: 'IdToken', entity: token })).toBe(false)
  })

  it('S45 one field does not run into the next', () => {
    const of = (client_id: string, realm: string) => ({ type: 'IdToken' as const, entity: { ...token, client_id, realm } })
    expect(sameMeaning(of('ab', 'c'), of('a', 'bc'))).toBe(false)
  })
})

describe('S47 a write', () => {
  it('C11 takes away what has expired, of that owner alone, and nothing that is broken', async () => {
    const cache = new SerializableTokenCache()
    await cache.add(userEvent({}, { scope: 'old', expires_in: 10 }))
    await cache.add(userEvent({}, { scope: 'younger', expires_in: 20 }))
    await cache.add(userEvent({}, { client_info: clientInfoOf('other'), expires_in: 10 }))
    const content = JSON.parse(cache.serialize())
    content.AccessToken.broken = { home_account_id: home, secret: 'NO-END', environment: host }
    // MSAL.NET gives refresh tokens an end too; it is not for us to judge.
    content.RefreshToken.other = { home_account_id: home, secret: 'RT', client_id: 'other', environment: host, expires_on: '1' }
    cache.deserialize(JSON.stringify(content))
    vi.setSystemTime((now + 11) * 1000)
    await cache.add(userEvent({}, { scope: 'new' }))
    const kept = (await cache.find('AccessToken', { home_account_id: home })) as { target?: string; secret: string }[]
    expect(kept.map(({ target, secret }) => target ?? secret)).toEqual(['younger', 'NO-END', 'new'])
    expect(await cache.find('AccessToken', { home_account_id: `other.${tenant}` })).toHaveLength(1)
    expect(await cache.find('RefreshToken', { home_account_id: home })).toHaveLength(2)
  })

  it.each([{}, { realm: 'https://op.example/realm' }])(
    'takes the place of its twin, but for what an account has from elsewhere (%o)',
    async (of) => {
      const cache = new SerializableTokenCache()
      await cache.add(userEvent(of, { refresh_in: 1800, foci: '1' }))
      const content = JSON.parse(cache.serialize())
      for (const account of Object.values<Entity>(content.Account)) account.of_another_library = 'kept'
      cache.deserialize(JSON.stringify(content))
      await cache.add(userEvent(of, { refresh_in: undefined, foci: undefined }))
      const [token] = await cache.find('AccessToken')
      expect(token).not.toHaveProperty('refresh_on')
      expect(await cache.find('Account')).toMatchObject([{ of_another_library: 'kept' }])
      // Nor does an answer that names no family end a client's membership.
      expect(await cache.find('AppMetadata')).toMatchObject([{ client_id: clientId, family_id: '1' }])
      await cache.add(userEvent({ clientId: 'other' }, { foci: undefined, id_token: undefined }))
      expect(await cache.find('AppMetadata', { client_id: 'other' })).not.toMatchObject([{ family_id: '1' }])
    },
  )

  it('stays within bounds: a thousand writes of the same are one entry of each kind', async () => {
    const cache = new SerializableTokenCache()
    for (let turn = 0; turn < 1000; turn++) {
      await cache.add(userEvent({}, { access_token: `${turn}`, refresh_token: `${turn}` }))
      await cache.add(appEvent())
    }
    const content = JSON.parse(cache.serialize())
    const counts = Object.values(content).map((section) => Object.keys(section as object).length)
    expect(counts).toEqual([2, 1, 1, 1, 1])
    expect(await cache.find('RefreshToken')).toMatchObject([{ secret: '999' }])
  })

  it('moves an account to the end, and keeps how its owner signed in', async () => {
    const cache = new SerializableTokenCache()
    await cache.add(userEvent())
    await cache.add(userEvent({}, { client_info: clientInfoOf('other') }))
    await cache.add(userEvent({ grantType: 'refresh_token' }))
    expect(await cache.find('Account', { home_account_id: home })).toMatchObject([{ account_source: 'authorization_code' }])
  })

  it('remembers the names that a tenant was asked by, in a field of ours, once each', async () => {
    const cache = new SerializableTokenCache()
    for (const name of ['a', 'b', 'a', 'c']) await cache.add(appEvent({ authority: `https://${host}/${name}` }))
    const [token] = (await cache.find('AccessToken')) as { authority: string }[]
    expect(token!.authority.split(' ')).toEqual(['a', 'b', 'c'].map((name) => `https://${host}/${name}`))
    for (let turn = 0; turn < 100; turn++) await cache.add(appEvent({ authority: `https://${host}/${turn}` }))
    const [later] = (await cache.find('AccessToken')) as { authority: string }[]
    expect(later!.authority.split(' ').length).toBeLessThanOrEqual(16)
    expect(later!.authority).toContain(`https://${host}/99`)
  })
})
