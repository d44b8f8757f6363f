import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lacks } from '../support/require.ts'
import { hasChromium, type Page, type Setting, scopes, signInByPopup, startSetting, users } from './support/setting.ts'

const { alice, bob } = users

describe.skipIf(lacks('chromium', hasChromium))('signing out', () => {
  let setting: Setting
  let page: Page
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    setting.provider.pageHeaders = {}
    setting.provider.control.clearFaults()
    setting.provider.requests.length = 0
    page = await setting.open()
    await signInByPopup(page, alice)
    return () => page.context().close()
  })

  const usernames = () => page.evaluate(async () => (await window.app.getAccounts()).map(({ username }) => username))
  /** Whether the provider still knows the person. */
  const isKnown = () =>
    page.evaluate(async (scopes) => {
      const { app, msal, outcome } = window
      return !(await outcome(app.acquireTokenInteractive({ scopes, interaction: msal.silentFrame({ redirectUri: '/finish' }) })))?.code
    }, scopes)
  const signOutRequest = () => setting.provider.requests.find(({ path }) => path.endsWith('/logout'))?.parameters
  const signOut = (options: object = {}) =>
    page.evaluate((options) => {
      const { app, msal, outcome } = window
      return outcome(msal.logout(app, options))
    }, options)

  it('forgets the account, then leaves for the provider, which brings the person back', async () => {
    const target = `${setting.site.origin}/app/bye`
    const gone: string[] = []
    await page.exposeFunction('tell', (names: string[]) => gone.push(names.join()))
    await page.evaluate((pathname) => {
      const { app, msal } = window
      const { removeAccount } = app
      app.removeAccount = async (account) => {
        await removeAccount.call(app, account)
        await (window as never as { tell(names: string[]): Promise<void> }).tell((await app.getAccounts()).map(({ username }) => username))
      }
      void msal.logout(app, { postLogoutRedirectUri: pathname })
    }, '/app/bye')
    await page.waitForURL(target)
    expect(gone).toEqual([''])
    expect(signOutRequest()).toMatchObject({
      logout_hint: alice.username,
      post_logout_redirect_uri: target,
      id_token_hint: expect.stringMatching(/^ey/),
    })
    expect(await isKnown()).toBe(false)
  })

  it.each([
    { by: 'a page of its own', to: '/finish', headers: {} },
    { by: 'the application’s page', to: '/app/', headers: {} },
    { by: 'a page of its own, though the tie is cut', to: '/finish', headers: { 'cross-origin-opener-policy': 'same-origin' } },
  ])('uses a popup, which comes back by $by', async ({ to, headers }) => {
    setting.provider.pageHeaders = headers
    const opened = page.waitForEvent('popup')
    const done = signOut({ popup: true, postLogoutRedirectUri: setting.site.origin + to })
    const popup = await opened
    expect(await done).toBeNull()
    await expect.poll(() => popup.isClosed(), { timeout: 10_000 }).toBe(true)
    expect(await usernames()).toEqual([])
    expect(await isKnown()).toBe(false)
  })

  it('is done when the person closes the popup', async () => {
    const opened = page.waitForEvent('popup')
    const done = signOut({ popup: { width: 300, height: 300 } })
    const popup = await opened
    await popup.waitForURL(/logout/)
    await popup.close()
    expect(await done).toBeNull()
    expect(await usernames()).toEqual([])
  })

  it('forgets the account where the popup is blocked', async () => {
    const outcome = await page.evaluate(() => {
      window.open = () => null
      const { app, msal, outcome } = window
      return outcome(msal.logout(app, { popup: true }))
    })
    expect(outcome).toMatchObject({ code: 'popup_blocked' })
    expect(await usernames()).toEqual([])
  })

  it('forgets the account where the provider cannot be asked, and says so', async () => {
    const outcome = await page.evaluate(async () => {
      const { app, msal, outcome, createApp } = window
      const [account] = await app.getAccounts()
      const offline = createApp({ fetch: () => Promise.reject(new TypeError('offline')) })
      return { error: await outcome(msal.logout(offline, { account: account! })), still: (await offline.getAccounts()).length }
    })
    expect(outcome).toMatchObject({ error: { name: 'NetworkError', code: 'unreachable' }, still: 0 })
  })

  it('stays here where the provider has no page for it', async () => {
    const outcome = await page.evaluate(async () => {
      const { app, msal, outcome, createApp } = window
      const withoutEndpoint: typeof fetch = async (input, init) => {
        const response = await fetch(input, init)
        if (!response.url.endsWith('openid-configuration')) return response
        const { end_session_endpoint: _gone, ...document } = await response.json()
        return Response.json(document)
      }
      const [account] = await app.getAccounts()
      return outcome(msal.logout(createApp({ fetch: withoutEndpoint }), { account: account! }))
    })
    expect(outcome).toBeNull()
    expect(signOutRequest()).toBeUndefined()
  })

  it('signs out everybody, and names nobody then', async () => {
    await page.context().clearCookies()
    await signInByPopup(page, bob)
    expect(await usernames()).toHaveLength(2)
    await page.evaluate(() => void window.msal.logout(window.app, { popup: true }))
    await expect.poll(usernames).toEqual([])
    await expect.poll(signOutRequest).toEqual({ client_id: setting.provider.clients.spa.clientId })
  })

  it('signs out one of several', async () => {
    await page.context().clearCookies()
    await signInByPopup(page, bob)
    await page.evaluate(async (username) => {
      const { app, msal } = window
      const [account] = await app.getAccounts({ username })
      void msal.logout(app, { account: account!, popup: true })
    }, alice.username)
    await expect.poll(signOutRequest).toMatchObject({ logout_hint: alice.username })
    expect(await usernames()).toEqual([bob.username])
  })

  it.each([
    { query: '?iss=https%3A%2F%2Fissuer.example&sid=one', left: ['two', 'three'] },
    { query: '?iss=https%3A%2F%2Fother.example&sid=one', left: ['one', 'two', 'three'] },
    { query: '?sid=one', left: ['one', 'two', 'three'] },
    { query: '?iss=https%3A%2F%2Fissuer.example', left: ['one', 'two', 'three'] },
    { query: '', left: [] },
  ])('elsewhere is noticed on the page that the provider loads: with $query', async ({ query, left }) => {
    const names = await page.evaluate(async (query) => {
      const { msal, createApp, app, config } = window
      const tokenCache = new msal.TokenCache()
      const encode = (value: object) => btoa(JSON.stringify(value)).replace(/=/g, '')
      const { clientId, authority } = config
      for (const name of ['one', 'two', 'three']) {
        const now = Math.floor(Date.now() / 1000)
        const claims = {
          iss: 'https://issuer.example',
          aud: clientId,
          sub: name,
          sid: name,
          preferred_username: name,
          iat: now,
          exp: now + 600,
        }
        const response = {
          access_token: name,
          token_type: 'Bearer',
          expires_in: 3600,
          id_token: `${encode({ alg: 'RS256' })}.${encode(claims)}.AA`,
          client_info: encode({ uid: name, utid: 'home' }),
        }
        await tokenCache.add({ clientId, scopes: ['read'], tokenEndpoint: `${authority}/oauth2/v2.0/token`, response })
      }
      history.replaceState(null, '', location.pathname + query)
      const client = createApp({ tokenCache })
      await msal.completeFrontChannelLogout(client)
      if ((await app.getAccounts()).length !== 1) throw new Error('Another cache was touched.')
      return (await client.getAccounts()).map(({ username }) => username)
    }, query)
    expect(names).toEqual(left)
  })
})
