import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ConfidentialClientApplication, SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, refuse } from '../../support/fake-provider.ts'
import { pairs, realms, urlOf } from './realms.ts'
import { clientId, scopes, secrets } from './support.ts'

const start = Date.UTC(2030, 0, 1)
beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const age = () => vi.setSystemTime(Date.now() + 3_500_000)

describe.each(pairs)('S45 S46 "%s" and "%s" on one host', (a, b) => {
  const pair = [a, b] as const

  it('have the same subject for the same person', async () => {
    const { A, B, signIn } = realms(pair)
    const [first, second] = [await signIn(A), await signIn(B)]
    expect(first.account.homeAccountId).toBe(first.idTokenClaims!.sub)
    expect(second.account.homeAccountId).toBe(first.account.homeAccountId)
    expect(second.idTokenClaims!.iss).not.toBe(first.idTokenClaims!.iss)
  })

  it('a token of one is not found by the other, nor its refresh token sent there', async () => {
    const { A, B, signIn, asked } = realms(pair)
    const { account, accessToken } = await signIn(A)
    asked()
    for (const forceRefresh of [false, true]) expect(await B.acquireTokenSilent({ scopes, account, forceRefresh })).toBeNull()
    age()
    expect(await B.acquireTokenSilentWithError({ scopes, account })).toBeNull()
    expect(asked()).toEqual([])
    vi.setSystemTime(start)
    expect(await A.acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken, tokenSource: 'cache' })
  })

  it('each renews its own', async () => {
    const { A, B, signIn, asked, tokenCache } = realms(pair)
    const first = await signIn(A)
    const second = await signIn(B)
    asked()
    expect(await A.acquireTokenSilent({ scopes, account: first.account })).toMatchObject({
      accessToken: first.accessToken,
      idToken: first.idToken,
    })
    expect(await B.acquireTokenSilent({ scopes, account: second.account })).toMatchObject({
      accessToken: second.accessToken,
      idToken: second.idToken,
    })
    expect(asked()).toEqual([])
    age()
    for (let round = 0; round < 2; round++) {
      const renewedB = await B.acquireTokenSilent({ scopes, account: second.account, forceRefresh: true })
      const renewedA = await A.acquireTokenSilent({ scopes, account: first.account, forceRefresh: true })
      expect(asked()).toEqual([`${b} refresh_token`, `${a} refresh_token`])
      expect(renewedA!.idTokenClaims!.iss).toBe(first.idTokenClaims!.iss)
      expect(renewedB!.idTokenClaims!.iss).toBe(second.idTokenClaims!.iss)
    }
    expect(await tokenCache.find('RefreshToken')).toHaveLength(2)
    expect(await secrets(tokenCache, 'IdToken')).toHaveLength(2)
  })

  it('each sends its own refresh token, also after JSON', async () => {
    const { A, B, signIn, asked, provider, tokenCache, client } = realms(pair)
    const issued: Record<string, string> = {}
    provider.onToken = () => (request, standard) => {
      const answer = standard()
      issued[request.url.href] = String(answer.refresh_token)
      return Response.json(answer)
    }
    const { account } = await signIn(A)
    await signIn(B)
    const copy = new SerializableTokenCache()
    copy.deserialize(tokenCache.serialize())
    asked()
    for (const cache of [tokenCache, copy]) {
      if (cache === copy) cache.deserialize(tokenCache.serialize())
      for (const realm of [a, b, a]) {
        const before = { ...issued }
        await client(realm, cache).acquireTokenSilent({ scopes, account, forceRefresh: true })
        const { url, form } = provider.tokenRequests().at(-1)!
        expect(url.href.startsWith(`${urlOf(realm)}/oauth2/`)).toBe(true)
        expect(form.refresh_token).toBe(before[url.href])
      }
    }
    expect(asked()).toHaveLength(6)
  })

  it('each lists and forgets its own person, also after JSON', async () => {
    const { A, B, signIn, asked, provider, tokenCache, client } = realms(pair)
    const name = (app: ConfidentialClientApplication) => app.getAccounts().then((all) => all.map(({ username }) => username))
    provider.person = { ...alice, username: 'mia@a.example' }
    const first = await signIn(A)
    expect([await name(A), await name(B)]).toEqual([['mia@a.example'], []])
    expect(await B.getAccount(first.account)).toBeNull()
    provider.person = { ...alice, username: 'noa@b.example' }
    const second = await signIn(B)
    const copy = new SerializableTokenCache()
    copy.deserialize(tokenCache.serialize())
    for (const cache of [copy, tokenCache]) {
      const [appA, appB] = [client(a, cache), client(b, cache)]
      expect([await name(appA), await name(appB), await name(appA)]).toEqual([['mia@a.example'], ['noa@b.example'], ['mia@a.example']])
      expect(await appA.getAccount(second.account)).toEqual(first.account)
      expect(new URL(await appA.getLogoutUrl(first)).searchParams.get('id_token_hint')).toBe(first.idToken)
      expect(new URL(await appB.getLogoutUrl(second)).searchParams.get('id_token_hint')).toBe(second.idToken)
      await appB.removeAccount(second.account)
      expect([await name(appA), await name(appB)]).toEqual([['mia@a.example'], []])
      asked()
      expect(await appB.acquireTokenSilent({ scopes, account: second.account })).toBeNull()
      expect(await appA.acquireTokenSilent({ scopes, account: first.account })).toMatchObject({ accessToken: first.accessToken })
      expect(await appA.acquireTokenSilent({ scopes, account: first.account, forceRefresh: true })).toHaveProperty('accessToken')
      expect(asked()).toEqual([`${a} refresh_token`])
      await appA.removeAccount(first.account)
      for (const type of ['Account', 'AccessToken', 'RefreshToken', 'IdToken'] as const) expect(await cache.find(type)).toEqual([])
    }
  })

  it('the refusal of one ends nothing of the other', async () => {
    const { A, B, signIn, asked, provider, tokenCache } = realms(pair)
    const { account } = await signIn(A)
    await signIn(B)
    asked()
    provider.replies.push(refuse('invalid_grant'))
    expect(await B.acquireTokenSilent({ scopes, account, forceRefresh: true })).toBeNull()
    expect(asked()).toEqual([`${b} refresh_token`])
    expect(await tokenCache.find('RefreshToken')).toHaveLength(1)
    expect(await B.acquireTokenSilent({ scopes, account, forceRefresh: true })).toBeNull()
    expect(asked()).toEqual([])
    expect(await A.acquireTokenSilent({ scopes, account, forceRefresh: true })).toHaveProperty('accessToken')
    expect(asked()).toEqual([`${a} refresh_token`])
  })

  it('a migrated refresh token stays where it was brought', async () => {
    const { A, B, asked, provider } = realms(pair)
    provider.changes.refresh_token = undefined
    const { account } = await A.acquireTokenByRefreshToken({ refreshToken: 'from elsewhere', scopes })
    asked()
    expect(await B.acquireTokenSilent({ scopes, account, forceRefresh: true })).toBeNull()
    expect(asked()).toEqual([])
    await A.acquireTokenSilent({ scopes, account, forceRefresh: true })
    expect(provider.lastForm.refresh_token).toBe('from elsewhere')
  })
})

describe('one realm', () => {
  it('is the same with a slash at its end', async () => {
    const { A, signIn, asked, client } = realms(['/realms/a', '/realms/b'])
    const { account, accessToken } = await signIn(A)
    asked()
    expect(await client('/realms/a/').acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken, tokenSource: 'cache' })
    expect(asked()).toEqual([])
  })

  it('a refresh token that another library has stored without its authority is taken up, and bound by its renewal', async () => {
    const { A, B, signIn, asked, tokenCache } = realms(['/realms/a', '/realms/b'])
    const { account } = await signIn(A)
    const content = JSON.parse(tokenCache.serialize())
    for (const entity of Object.values<Record<string, unknown>>(content.RefreshToken)) delete entity.authority
    tokenCache.deserialize(JSON.stringify(content))
    asked()
    expect(await A.acquireTokenSilent({ scopes, account, forceRefresh: true })).toHaveProperty('accessToken')
    expect(asked()).toEqual(['/realms/a refresh_token'])
    expect(await tokenCache.find('RefreshToken')).toEqual([
      expect.objectContaining({ authority: 'https://idp.example/realms/a', client_id: clientId }),
    ])
    expect(await B.acquireTokenSilent({ scopes, account, forceRefresh: true })).toBeNull()
    expect(asked()).toEqual([])
  })

  it('is named by its path in an account, as ever', async () => {
    for (const [realm, tenantId] of [
      ['/realms/Foo', 'realms/Foo'],
      ['http://localhost:8080/a', 'a'],
      ['https://idp.example:8443', ''],
    ] as const) {
      const { A, signIn } = realms([realm, ''])
      const { account } = await signIn(A)
      expect(account).toMatchObject({ environment: new URL(urlOf(realm)).hostname, tenantId })
      expect(await A.getAccounts()).toEqual([account])
    }
  })
})
