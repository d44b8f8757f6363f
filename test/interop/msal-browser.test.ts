import { CacheLookupPolicy, type SilentRequest } from '@azure/msal-browser'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hasChromium, type Page, typeCredentials } from '../e2e/chromium.ts'
import { tenants, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import type { Seen } from './msal-browser/app.ts'
import { arrived, type Setting, startSetting, throughPopup } from './msal-browser/setting.ts'

// The look-alike is true in a browser when the library that most pages sign in with works with it, unmodified: over HTTPS, from a page of
// another site, with its redirect bridge. And ours signs in beside it and sees the same person.
const { contoso } = tenants
const { alice } = users
const scopes = ['User.Read']
const person = { homeAccountId: alice.homeAccountId, tenantId: contoso.id, username: alice.username, name: alice.name }

describe.skipIf(lacks('chromium', hasChromium))('MSAL Browser', () => {
  let setting: Setting
  let page: Page
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    const { provider, site } = setting
    site.config = { ...site.config, authority: provider.authority(contoso, { https: true }), protocolMode: 'AAD' }
    const opened = await setting.open()
    page = opened.page
    expect(await arrived(page)).toEqual({ peer: null, ours: null })
    provider.requests.length = 0
    return opened.close
  })

  const grants = () => setting.provider.tokenRequests().map(({ grantType, status }) => `${grantType} ${status}`)
  const authorizations = () => setting.provider.requests.filter(({ path }) => path.endsWith('/authorize'))
  const reload = async () => {
    await page.reload()
    return arrived(page)
  }

  /** Signs in where a redirect led to, and waits for the page that began it. */
  const comeBack = async (home: string) => {
    await page.waitForSelector('#username')
    await typeCredentials(page, alice)
    await page.waitForURL(setting.site.origin + home)
    return arrived(page)
  }

  const peerByPopup = () =>
    throughPopup(page, alice, () =>
      page.evaluate(async (scopes) => window.seenByPeer(await window.peer.acquireTokenPopup({ scopes })), scopes),
    )
  const oursByPopup = () =>
    throughPopup(page, alice, () =>
      page.evaluate(async (scopes) => window.seenByOurs(await window.ours.acquireTokenInteractive({ scopes })), scopes),
    )
  const peerSilent = (options: Pick<SilentRequest, 'forceRefresh' | 'cacheLookupPolicy'> = {}) =>
    page.evaluate(
      async ({ scopes, ...options }) => {
        const account = window.peer.getAllAccounts()[0]!
        return window.seenByPeer(await window.peer.acquireTokenSilent({ scopes, account, ...options }))
      },
      { scopes, ...options },
    )
  const oursSilent = (forceRefresh = false) =>
    page.evaluate(
      async ({ scopes, forceRefresh }) => {
        const [account] = await window.ours.getAccounts()
        return window.seenByOurs(await window.ours.acquireTokenSilent({ scopes, account: account!, forceRefresh }))
      },
      { scopes, forceRefresh },
    )
  const peerSso = () =>
    page.evaluate(async ({ scopes, loginHint }) => window.seenByPeer(await window.peer.ssoSilent({ scopes, loginHint })), {
      scopes,
      loginHint: alice.username,
    })
  const oursSso = () =>
    page.evaluate(
      async ({ scopes, loginHint }) => {
        const interaction = window.browser.silentFrame({ redirectUri: '/finish' })
        return window.seenByOurs(await window.ours.acquireTokenInteractive({ scopes, loginHint, interaction }))
      },
      { scopes, loginHint: alice.username },
    )

  it('signs in by a popup and its bridge, and renews from the cache, by the refresh token and in a hidden frame', async () => {
    const signedIn = await peerByPopup()
    expect(signedIn).toMatchObject({ ...person, fromCache: false })
    expect(await peerSilent()).toMatchObject({ ...person, fromCache: true, accessToken: signedIn!.accessToken })
    expect(grants()).toEqual(['authorization_code 200'])

    const refreshed = await peerSilent({ forceRefresh: true })
    expect(refreshed).toMatchObject({ ...person, fromCache: false })
    expect(refreshed!.accessToken).not.toBe(signedIn!.accessToken)
    expect(grants().slice(1)).toEqual(['refresh_token 200'])

    const framed = await peerSilent({ cacheLookupPolicy: CacheLookupPolicy.Skip })
    expect(framed).toMatchObject({ ...person, fromCache: false })
    expect(framed!.accessToken).not.toBe(refreshed!.accessToken)
    expect(grants().slice(2)).toEqual(['authorization_code 200'])
    expect(authorizations().at(-1)).toMatchObject({ parameters: { prompt: 'none' }, headers: { 'sec-fetch-dest': 'iframe' } })
    // Across origins, and yet the browser never asked before it sent.
    expect(setting.provider.tokenRequests().every(({ headers }) => headers.origin === setting.site.origin)).toBe(true)
    expect(setting.provider.requests.filter(({ method }) => method === 'OPTIONS')).toEqual([])
  })

  it('goes to the hidden frame where its refresh token is refused', async () => {
    await peerByPopup()
    setting.provider.control.revoke({ user: alice })
    expect(await peerSilent({ forceRefresh: true })).toMatchObject({ ...person, fromCache: false })
    expect(grants()).toEqual(['authorization_code 200', 'refresh_token 400', 'authorization_code 200'])
  })

  it.each([
    { by: 'the bridge', home: '/app', redirectUri: '/bridge' },
    { by: 'the page itself', home: '/peer', redirectUri: '/peer' },
  ])('signs in by a redirect that comes back to $by', async ({ home, redirectUri }) => {
    await page.goto(setting.site.origin + home)
    await arrived(page)
    await page.evaluate((request) => void window.peer.acquireTokenRedirect(request), { scopes, redirectUri })
    expect(await comeBack(home)).toMatchObject({ peer: { ...person, fromCache: false }, ours: null })
    expect(await peerSilent()).toMatchObject({ fromCache: true })
    expect(grants()).toEqual(['authorization_code 200'])
  })

  it('signs a known person in by ssoSilent, and is told of an unknown one', async () => {
    await expect(peerSso()).rejects.toThrow('login_required')
    await peerByPopup()
    await page.evaluate(() => sessionStorage.clear())
    await reload()
    expect(await page.evaluate(() => window.peer.getAllAccounts())).toEqual([])
    expect(await peerSso()).toMatchObject({ ...person, fromCache: false })
  })

  it('signs out', async () => {
    await peerByPopup()
    const left = page.waitForURL('**/logout**')
    await page.evaluate(() => void window.peer.logoutRedirect({ postLogoutRedirectUri: '/app' }))
    await left
    await page.waitForURL(`${setting.site.origin}/app**`)
    await arrived(page)
    expect(await page.evaluate(() => window.peer.getAllAccounts())).toEqual([])
    await expect(peerSso()).rejects.toThrow('login_required')
  })

  it('is not confused by our redirect, nor are we by its popup', async () => {
    await page.evaluate((scopes) => {
      const interaction = window.browser.redirect({ redirectUri: '/ours' })
      void window.ours.acquireTokenInteractive({ scopes, interaction })
    }, scopes)
    expect(await comeBack('/app')).toMatchObject({ peer: null, ours: { ...person, fromCache: false } })
    expect(await page.evaluate(() => window.peer.getAllAccounts())).toEqual([])

    const signedIn = page.evaluate(async (scopes) => window.seenByPeer(await window.peer.acquireTokenPopup({ scopes })), scopes)
    expect(await signedIn).toMatchObject(person)
    expect(await oursSilent()).toMatchObject({ ...person, fromCache: true })
  })

  it.each([
    ['the first', peerByPopup, oursSso],
    ['the second', oursByPopup, peerSso],
  ])('is %s to sign in, and sees the person whom ours sees', async (_, first, second) => {
    const one = await first()
    const other = await second()
    expect(one).toMatchObject(person)
    expect(other?.accessToken).not.toBe(one?.accessToken)
    expect(told(other)).toEqual(told(one))

    // Each renews by a refresh token of its own, though the other's session came later.
    const renewed = [await peerSilent({ forceRefresh: true }), await oursSilent(true)]
    for (const each of renewed) expect(told(each)).toEqual(told(one))
    expect(grants()).toEqual(['authorization_code 200', 'authorization_code 200', 'refresh_token 200', 'refresh_token 200'])
    expect(await reload()).toEqual({ peer: null, ours: null })
    expect(told(await oursSilent())).toEqual(told(await peerSilent()))
  })

  it.each([
    { where: 'at common', path: 'common', protocolMode: 'AAD' as const, oursSays: {} },
    // Where a provider is not Microsoft's, our tenant is the path that its tokens are kept under; MSAL Browser reads the claim `tid`.
    {
      where: 'as at any OpenID provider',
      path: `${contoso.id}/v2.0`,
      protocolMode: 'OIDC' as const,
      oursSays: { tenantId: `${contoso.id}/v2.0` },
    },
  ])('signs in $where, and sees the person whom ours sees', async ({ path, protocolMode, oursSays }) => {
    const { provider, site } = setting
    site.config = { ...site.config, authority: provider.authority(path, { https: true }), protocolMode }
    await reload()
    const peer = await peerByPopup()
    expect(peer).toMatchObject({ ...person, fromCache: false })
    expect(told(await oursSso())).toEqual({ ...told(peer), ...oursSays })
    const renewed = [await peerSilent({ forceRefresh: true }), await oursSilent(true)]
    expect(renewed).toMatchObject([person, { ...person, ...oursSays }])
    expect(renewed.map((result) => result?.fromCache)).toEqual([false, false])
  })
})

/** The account and the id token's claims, without those that each token has of its own. */
function told(seen: Seen | null): object {
  const { fromCache: _, accessToken: __, claims, ...account } = seen!
  const { nonce, uti, iat, nbf, exp, ...lasting } = claims
  expect(nonce).toEqual(expect.any(String))
  return { ...account, claims: lasting }
}
