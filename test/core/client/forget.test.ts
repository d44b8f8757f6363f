import { describe, expect, it } from 'vitest'
import { SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider, homeAccountIdOf } from '../../support/fake-provider.ts'
import { authority, clientId, codeOf, publicClient, scopes, secrets, settled, signedIn, unknownAccount } from './support.ts'

const mine = homeAccountIdOf(alice)

describe('removeAccount', () => {
  it("takes every client's access and id tokens, and this client's and its family's refresh tokens; others' stay", async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const { app, account } = await signedIn({ provider, tokenCache })
    await signedIn({ provider, tokenCache, clientId: 'other' })
    provider.changes = { foci: '1' }
    await signedIn({ provider, tokenCache, clientId: 'sibling' })
    await signedIn({ provider, tokenCache, person: bob })
    const ofAlice = async (type: 'AccessToken' | 'RefreshToken' | 'IdToken' | 'Account') =>
      (await tokenCache.find(type, { home_account_id: mine })) as { client_id: string }[]
    expect(await ofAlice('RefreshToken')).toHaveLength(3)
    // Bob's sign-in has made this client one of the family.
    await app.removeAccount(account)
    for (const type of ['AccessToken', 'IdToken', 'Account'] as const) expect(await ofAlice(type)).toEqual([])
    expect(await ofAlice('RefreshToken')).toMatchObject([{ client_id: 'other' }])
    expect(await app.getAccounts()).toMatchObject([{ username: bob.username }])
    expect(await tokenCache.find('AccessToken', { home_account_id: homeAccountIdOf(bob) })).toHaveLength(1)
    expect(await tokenCache.find('AppMetadata')).toHaveLength(3)
  })

  it("an orphan leaves the family's refresh token", async () => {
    const provider = new FakeProvider()
    const { app, account, tokenCache } = await signedIn({ provider })
    provider.changes = { foci: '1', refresh_token: 'F' }
    await signedIn({ provider, tokenCache, clientId: 'sibling' })
    await app.removeAccount(account)
    expect(await secrets(tokenCache, 'RefreshToken')).toEqual(['F'])
    expect(await app.acquireTokenSilent({ scopes, account })).toBeNull()
  })

  it('C13 under every alias, and every tenant; another cloud stays', async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const hosts = ['login.microsoftonline.com', 'login.windows.net', 'sts.windows.net', 'login.microsoftonline.us']
    for (const [index, host] of hosts.entries())
      await signedIn({ provider, tokenCache, clientId: `client-${index}`, authority: `https://${host}/contoso-${index}.example` })
    const app = publicClient(provider, { tokenCache, clientId: 'client-1', authority: 'https://login.microsoft.com/common' })
    const [account] = await app.getAccounts()
    await app.removeAccount(account!)
    expect(await app.getAccounts()).toEqual([])
    const left = (await tokenCache.find('AccessToken')) as { environment: string }[]
    expect(left.map(({ environment }) => environment)).toEqual(['login.microsoftonline.us'])
    expect(await publicClient(provider, { tokenCache, authority: 'https://login.microsoftonline.us/common' }).getAccounts()).toHaveLength(1)
  })

  it('absent is no error, and no change', async () => {
    const { app, tokenCache } = await signedIn()
    tokenCache.serialize()
    await app.removeAccount(unknownAccount)
    await app.removeAccount({} as never)
    expect(tokenCache.hasStateChanged).toBe(false)
    expect(await codeOf(app.removeAccount(undefined as never))).toBe('invalid_argument')
  })

  it('S31 wins over a refresh in flight: nothing comes back', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const gate = provider.hold()
    const call = app.acquireTokenSilent({ scopes: ['Mail.Read'], account })
    await gate.arrived()
    await app.removeAccount(account)
    gate.open()
    // Whoever asked before still gets its token.
    expect(await call).toMatchObject({ tokenSource: 'identity_provider' })
    await settled()
    for (const type of ['AccessToken', 'RefreshToken', 'IdToken', 'Account'] as const) expect(await tokenCache.find(type)).toEqual([])
    expect(await app.getAccounts()).toEqual([])
    expect(await app.acquireTokenSilent({ scopes, account })).toBeNull()
  })

  it('S31 and over one that waits for its turn', async () => {
    const { provider, app, account } = await signedIn()
    const gate = provider.hold()
    const calls = ['A', 'B'].map((scope) => app.acquireTokenSilent({ scopes: [scope], account }))
    await gate.arrived()
    await app.removeAccount(account)
    gate.open()
    expect(await calls[1]).toBeNull()
    expect(provider.count()).toBe(1)
  })
})

describe('getAccounts and getAccount', () => {
  it("one per home account: the home tenant's row first, else the newest", async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const as = (tenant: string) => signedIn({ provider, tokenCache, authority: `https://login.microsoftonline.com/${tenant}` })
    const app = publicClient(provider, { tokenCache, authority: 'https://login.microsoftonline.com/common' })
    await as('fabrikam.example')
    const { account: newest } = await as('northwind.example')
    expect(await app.getAccounts()).toEqual([newest])
    const { account: home } = await as('contoso.example')
    const { account: guest } = await as('fabrikam.example')
    expect(guest.tenantId).not.toBe(home.tenantId)
    expect(guest.localAccountId).not.toBe(home.localAccountId)
    expect(await app.getAccounts()).toEqual([home])
    expect(await app.getAccount({ homeAccountId: mine })).toEqual(home)
    expect(await tokenCache.find('Account')).toHaveLength(3)
  })

  it("C14 a home row that was filed under organizations is the home tenant's", async () => {
    const tokenCache = new SerializableTokenCache()
    const row = { home_account_id: 'U.T', environment: 'login.microsoftonline.com', authority_type: 'MSSTS', local_account_id: 'U' }
    const Account = { a: { ...row, realm: 'organizations', username: 'home' }, b: { ...row, realm: 'G', username: 'guest' } }
    tokenCache.deserialize(JSON.stringify({ Account }))
    expect(await publicClient(new FakeProvider(), { tokenCache }).getAccounts()).toMatchObject([{ username: 'home', tenantId: 'T' }])
  })

  it('by user name, without regard to case', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    await signedIn({ provider, tokenCache, person: bob })
    expect(await app.getAccounts({ username: 'ALICE@contoso.EXAMPLE' })).toEqual([account])
    expect(await app.getAccounts({ username: 'nobody' })).toEqual([])
    expect(await app.getAccounts({})).toHaveLength(2)
    expect(await app.getAccounts()).toHaveLength(2)
    expect(await app.getAccount({ homeAccountId: 'no.body' })).toBeNull()
  })

  it('C5 two clients that share a cache list what either knows; other clouds and the application itself are not listed; no request', async () => {
    const { provider, account, tokenCache } = await signedIn()
    await tokenCache.add({
      clientId,
      scopes,
      tokenEndpoint: 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token',
      grantType: 'client_credentials',
      response: { access_token: 'APP' },
    })
    const other = publicClient(provider, { tokenCache, clientId: 'other', authority: 'https://login.windows.net/fabrikam.example' })
    expect(await other.getAccounts()).toEqual([account])
    const china = publicClient(provider, { tokenCache, authority: 'https://login.chinacloudapi.cn/common' })
    expect(await china.getAccounts()).toEqual([])
    expect(await china.getAccount(account)).toBeNull()
    expect(await publicClient(provider, { authority }).getAccounts()).toEqual([])
    expect(provider.requests).toEqual([])
  })

  it('an account whose rows have all gone is not listed, though tokens are left', async () => {
    const { provider, app, tokenCache } = await signedIn()
    const content = JSON.parse(tokenCache.serialize())
    tokenCache.deserialize(JSON.stringify({ ...content, Account: {} }))
    expect(await app.getAccounts()).toEqual([])
    expect(provider.requests).toEqual([])
  })
})
