import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closeAfterLook } from '../e2e/chromium.ts'
import { lacks } from '../support/require.ts'
import { beginPopup, hasChromium, type Page, type Setting, scopes, signIn, signInByPopup, startSetting, users } from './support/setting.ts'

const { alice, bob } = users
const isolated = { 'cross-origin-opener-policy': 'same-origin' }

describe.skipIf(lacks('chromium', hasChromium))('a popup', () => {
  let setting: Setting
  let page: Page
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    setting.site.headers = {}
    setting.provider.pageHeaders = {}
    setting.provider.control.clearFaults()
    page = await setting.open()
    return () => page.context().close()
  })

  it('comes back to a page of its own and closes', async () => {
    const { popup, outcome } = await beginPopup(page, '/finish')
    const closed = popup.waitForEvent('close')
    await signIn(popup, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username }, tokenSource: 'identity_provider' })
    await closed
  })

  it('comes back to the application’s page, which does not show itself in it, and closes', async () => {
    await page
      .context()
      .addInitScript(
        "new MutationObserver(() => document.body?.textContent.includes('application') && console.log('shown')).observe(document, { childList: true, subtree: true })",
      )
    const { popup, outcome } = await beginPopup(page)
    const said: string[] = []
    popup.on('console', (message) => said.push(message.text()))
    const closed = popup.waitForEvent('close')
    await signIn(popup, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username } })
    await closed
    expect(said).toEqual([])
  })

  it.each([
    { on: 'the provider’s page', provider: true, redirectUri: '/finish' },
    { on: 'this page', app: true, redirectUri: undefined },
    { on: 'both pages', app: true, provider: true, redirectUri: '/finish' },
  ])('S57 works with Cross-Origin-Opener-Policy: same-origin on $on', async ({ app, provider, redirectUri }) => {
    if (app) setting.site.headers = isolated
    if (provider) setting.provider.pageHeaders = isolated
    await page.reload()
    const { popup, outcome } = await beginPopup(page, redirectUri)
    // The popup looks closed all the while.
    await popup.waitForSelector('#username')
    await popup.waitForTimeout(1000)
    const closed = popup.waitForEvent('close')
    await signIn(popup, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username } })
    await closed
  })

  it('S04 is redeemed once where the answer comes several times at once', async () => {
    await page.context().addInitScript(() => {
      const state = new URLSearchParams(location.hash.slice(1)).get('state')
      if (!state) return
      for (let copy = 0; copy < 5; copy++) new BroadcastChannel(`msal-isomorphic ${state}`).postMessage(location.href)
    })
    const before = setting.provider.tokenRequests().length
    const { popup, outcome } = await beginPopup(page, '/finish')
    const copied = popup.waitForEvent('framenavigated', (frame) => frame.url().includes('/finish'))
    await signIn(popup, alice)
    expect((await copied).url()).toContain('state=')
    expect(await outcome).toMatchObject({ account: { username: alice.username }, tokenSource: 'identity_provider' })
    await page.waitForTimeout(500)
    expect(setting.provider.tokenRequests().length - before).toBe(1)
  })

  it('works under a strict Content-Security-Policy', async () => {
    const { provider, site } = setting
    site.headers = { 'content-security-policy': `default-src 'self'; connect-src ${provider.url}` }
    await page.goto(`${site.origin}/bundled/app`)
    const { popup, outcome } = await beginPopup(page, '/bundled/finish')
    await signIn(popup, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username } })
  })

  it.each(['on the provider’s page', 'on its way there', 'as it opens'])(
    'S57 that is closed %s ends the sign-in within two seconds',
    async (when) => {
      // It is not to get there before it is closed.
      if (when !== 'on the provider’s page') setting.provider.control.failNext({ when: { path: '/oauth2/v2.0/authorize' }, delay: 3000 })
      const { popup, outcome } = await beginPopup(page)
      if (when === 'on the provider’s page') await popup.waitForSelector('#username')
      if (when !== 'as it opens') await popup.waitForTimeout(500)
      const start = performance.now()
      await popup.close()
      expect(await outcome).toMatchObject({ name: 'ClientAuthError', code: 'user_cancelled', action: 'interact' })
      expect(performance.now() - start).toBeLessThan(2000)
      setting.provider.control.clearFaults()
      expect(await signInByPopup(page, alice)).toMatchObject({ account: { username: alice.username } })
    },
  )

  it('S57 that is closed before it is sent anywhere ends the sign-in, whoever has the focus', async () => {
    setting.provider.control.failNext({ when: { path: 'openid-configuration' }, delay: 500 })
    await page.evaluate(() => Object.defineProperty(document, 'hasFocus', { value: () => false }))
    const { popup, outcome } = await beginPopup(page)
    await popup.close()
    expect(await outcome).toMatchObject({ code: 'user_cancelled' })
  })

  it('S57 that is cut off by a later page is not taken for closed while it has the focus', async () => {
    const { popup, outcome } = await beginPopup(page)
    await popup.waitForSelector('#username')
    await popup.waitForTimeout(200)
    // Playwright gives every page the focus; a person’s browser gives it to the popup.
    await page.evaluate(() => Object.defineProperty(document, 'hasFocus', { value: () => false }))
    setting.provider.pageHeaders = isolated
    await popup.reload()
    await popup.waitForTimeout(1000)
    await signIn(popup, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username } })
  })

  it('S56 that the browser blocks is an error at once', async () => {
    const blocked = await page.context().newPage()
    await blocked.addInitScript((scopes) => {
      addEventListener('load', async () => {
        const start = performance.now()
        const { app, msal, outcome } = window
        const came = await outcome(app.acquireTokenInteractive({ scopes, interaction: msal.popup() }))
        Object.assign(window, { blocked: { ...came, after: performance.now() - start } })
      })
    }, scopes)
    await blocked.goto(`${setting.site.origin}/app/`)
    const came = await blocked
      .waitForFunction(() => (window as { blocked?: { after: number } }).blocked)
      .then((handle) => handle.jsonValue())
    expect(came).toMatchObject({ name: 'ClientAuthError', code: 'popup_blocked', action: 'interact' })
    expect(came!.after).toBeLessThan(500)
    expect(await signInByPopup(blocked, alice)).toMatchObject({ account: { username: alice.username } })
  })

  it('leaves another that is open alone', async () => {
    const first = await beginPopup(page, '/finish')
    await first.popup.waitForSelector('#username')
    const second = await beginPopup(page, '/finish')
    await signIn(second.popup, bob)
    expect(await second.outcome).toMatchObject({ account: { username: bob.username } })
    await signIn(first.popup, alice)
    expect(await first.outcome).toMatchObject({ account: { username: alice.username } })
  })

  it('ends another that looks closed', async () => {
    setting.provider.pageHeaders = isolated
    await page.evaluate((scopes) => {
      const { app, msal, outcome } = window
      const interaction = msal.popup({ redirectUri: '/finish' })
      Object.assign(window, { begin: () => outcome(app.acquireTokenInteractive({ scopes, interaction })) })
    }, scopes)
    const begin = async () => {
      const opened = page.waitForEvent('popup')
      const outcome = page.evaluate(() => (window as never as { begin(): Window['started'] }).begin())
      return { popup: await opened, outcome }
    }
    const first = await begin()
    await first.popup.waitForSelector('#username')
    await closeAfterLook(first.popup)
    const second = await begin()
    expect(await first.outcome).toMatchObject({ code: 'user_cancelled' })
    await signIn(second.popup, alice)
    expect(await second.outcome).toMatchObject({ account: { username: alice.username } })
  })

  it('S57 S58 is closed when the time is up, and the next one works', async () => {
    const { popup, outcome } = await beginPopup(page, undefined, 700)
    expect(await outcome).toMatchObject({ name: 'ClientAuthError', code: 'interaction_timed_out', action: 'interact' })
    await expect.poll(() => popup.isClosed()).toBe(true)
    expect(await signInByPopup(page, alice)).toMatchObject({ account: { username: alice.username } })
  })

  it('S37 is closed when the caller gives up, and the next one works', async () => {
    const opened = page.waitForEvent('popup')
    const outcome = page.evaluate((scopes) => {
      const { app, msal, outcome } = window
      const controller = new AbortController()
      Object.assign(window, { controller })
      return outcome(app.acquireTokenInteractive({ scopes, interaction: msal.popup(), signal: controller.signal }))
    }, scopes)
    const popup = await opened
    await popup.waitForSelector('#username')
    const closed = popup.waitForEvent('close')
    await page.evaluate(() => (window as never as { controller: AbortController }).controller.abort())
    expect(await outcome).toMatchObject({ name: 'NetworkError', code: 'aborted' })
    await closed
    expect(await signInByPopup(page, alice)).toMatchObject({ account: { username: alice.username } })
  })

  it('S58 hears nothing in what other pages say on its channel', async () => {
    const { popup, outcome } = await beginPopup(page, '/finish')
    await popup.waitForSelector('#username')
    const state = setting.provider.requests.filter(({ path }) => path.endsWith('/authorize')).at(-1)!.parameters.state as string
    const other = await page.context().newPage()
    await other.goto(`${setting.site.origin}/empty`)
    await other.evaluate((state) => {
      const channel = new BroadcastChannel(`msal-isomorphic ${state}`)
      const url = `${location.origin}/finish`
      for (const said of [null, 'taken', 'noise', 7, { url }, url, `${url}#state=${state}`, `${url}#state=other&code=1`])
        channel.postMessage(said)
    }, state)
    await signIn(popup, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username } })
  })

  it('S58 takes no redirect page of another origin', async () => {
    const outcome = await page.evaluate((scopes) => {
      const { app, msal, outcome } = window
      return outcome(app.acquireTokenInteractive({ scopes, interaction: msal.popup({ redirectUri: 'https://elsewhere.example/' }) }))
    }, scopes)
    expect(outcome).toMatchObject({ name: 'ClientConfigurationError', code: 'invalid_argument' })
  })

  it('S54 leaves no token, code or state in any storage', async () => {
    await signInByPopup(page, alice)
    const kept = await page.evaluate(() => ({ local: { ...localStorage }, session: { ...sessionStorage }, cookie: document.cookie }))
    expect(kept).toEqual({ local: {}, session: {}, cookie: '' })
  })
})
