import { afterEach, describe, expect, it } from 'vitest'
import { PublicClientApplication, SerializableTokenCache, TokenCache } from '../../src/core/index.ts'
import { type FakeClock, fakeClock, fakeInteraction, fakeProvider, type SeedOptions, seed } from '../../src/testing/index.ts'
import { memoryStore } from '../support/memory-store.ts'

const clientId = 'test-client'
const scopes = ['User.Read']
const offline = () => Promise.reject(new TypeError('offline'))
const tenant = 'https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555'

let clock: FakeClock | undefined
afterEach(() => clock?.restore())

describe('the clock', () => {
  it('lets tokens age in the client and at the provider', async () => {
    const provider = fakeProvider({ tokenLifetime: 1_800_000 })
    const app = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction: fakeInteraction(provider) })
    clock = fakeClock()
    const { account, expiresOn } = await app.acquireTokenInteractive({ scopes })
    clock.advance(1_490_000)
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache' })
    clock.advance(20_000)
    const renewed = (await app.acquireTokenSilent({ scopes, account }))!
    expect(renewed.tokenSource).toBe('identity_provider')
    expect(renewed.expiresOn.getTime() - expiresOn.getTime()).toBeGreaterThanOrEqual(1_510_000)
  })

  it('ends a device code', async () => {
    const provider = fakeProvider()
    const app = new PublicClientApplication({ clientId, ...provider.clientOptions })
    clock = fakeClock()
    const flow = await app.initiateDeviceFlow({ scopes })
    clock.advance(901_000)
    await expect(app.acquireTokenByDeviceFlow({ flow })).rejects.toMatchObject({ code: 'flow_expired' })
  })

  it('is a Date in every other way, runs on, and is put back', async () => {
    const Real = Date
    clock = fakeClock({ now: Real.UTC(2030, 0, 1) })
    expect(new Date().getFullYear()).toBe(2030)
    expect(new Date()).toBeInstanceOf(Real)
    expect(new Real() instanceof Date).toBe(true)
    expect([new Date(0).getTime(), new Date(2001, 1, 1).getMonth(), Date.parse('2001-01-01T00:00:00Z')]).toEqual([0, 1, 978_307_200_000])
    expect(Date()).toContain('2030')
    const before = clock.now()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(Date.now() - before).toBeGreaterThanOrEqual(15)
    clock.restore()
    clock.restore()
    expect(Date).toBe(Real)
  })
})

describe('seed', () => {
  const mia = { username: 'mia@fabrikam.example', name: 'Mia', tenantId: 'fabfabfa-0000-4000-8000-000000000001' }

  it.each<[string, Omit<SeedOptions, 'clientId' | 'scopes'>]>([
    ['common', {}],
    ['a tenant by its id', { authority: tenant, user: { username: 'mia@fabrikam.example', name: 'Mia' } }],
    ['a tenant where the user is a guest', { authority: tenant, user: mia }],
    ['a tenant by its domain', { authority: 'https://login.microsoftonline.com/fabrikam.example', user: mia }],
    ['another cloud', { authority: 'https://login.microsoftonline.us/organizations', user: mia }],
    ['a generic provider', { oidcAuthority: 'https://idp.example/realms/shop', user: mia }],
  ])('signs a user in at %s, without a request', async (_, options) => {
    const tokenCache = new SerializableTokenCache()
    const { user: _user, ...home } = options
    const account = await seed(tokenCache, { clientId, scopes: ['User.Read', 'Mail.Read'], ...options })
    const app = new PublicClientApplication({ clientId, ...home, tokenCache, fetch: offline })
    expect(await app.getAccounts()).toEqual([account])
    expect(account.username).toBe(options.user?.username ?? 'alice@contoso.example')
    const result = await app.acquireTokenSilent({ scopes, account })
    expect(result).toMatchObject({ accessToken: 'seeded-access-token', tokenSource: 'cache', account })
    expect(result?.idTokenClaims).toMatchObject({ preferred_username: account.username })
    expect(await app.acquireTokenSilent({ scopes: ['Files.Read'], account }).catch(({ code }) => code)).toBe('unreachable')
  })

  it.each(['common', 'fabrikam.example', mia.tenantId])('is what a sign-in at the fake provider leaves, at %s', async (name) => {
    const authority = `https://login.microsoftonline.com/${name}`
    const provider = fakeProvider({ authority, users: [mia] })
    const [signedIn, seeded] = [new SerializableTokenCache(), new SerializableTokenCache()]
    const interaction = fakeInteraction(provider)
    const app = new PublicClientApplication({ clientId, ...provider.clientOptions, tokenCache: signedIn, interaction })
    const { account } = await app.acquireTokenInteractive({ scopes })
    expect(await seed(seeded, { clientId, scopes, authority, user: mia })).toEqual(account)
    const shape = (cache: SerializableTokenCache) => cache.serialize().replace(/"secret":"[^"]*"|"\w+_(at|on|time)":"\d+"/g, '')
    expect(shape(seeded)).toBe(shape(signedIn))
  })

  it('goes on with the fake provider’s refresh token', async () => {
    const provider = fakeProvider()
    const tokenCache = new TokenCache({ store: memoryStore() })
    const refreshToken = provider.issueRefreshToken({ clientId })
    const account = await seed(tokenCache, { clientId, scopes, refreshToken, expiresIn: 200_000 })
    const app = new PublicClientApplication({ clientId, ...provider.clientOptions, tokenCache })
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'identity_provider', account })
    const without = await seed(tokenCache, {
      clientId,
      scopes,
      refreshToken: null,
      expiresIn: 200_000,
      user: { username: 'bob@contoso.example', objectId: '00000000-0000-4000-8000-0000000000b0' },
    })
    expect(await app.acquireTokenSilent({ scopes, account: without })).toBeNull()
    expect(await app.getAccounts()).toHaveLength(2)
  })
})
