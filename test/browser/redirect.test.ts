import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium } from '../e2e/chromium.ts'
import { lacks } from '../support/require.ts'
import { hasChromium, type Page, type Setting, scopes, signIn, startedOn, startSetting, users } from './support/setting.ts'

const { alice, bob } = users

describe.skipIf(lacks('chromium', hasChromium))('a redirect', () => {
  let setting: Setting
  let page: Page
  /** Where the sign-in begins. */
  let home: string
  beforeAll(async () => {
    setting = await startSetting()
    home = `${setting.site.origin}/app/inbox?folder=7#/mail/3`
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    setting.provider.control.clearFaults()
    setting.provider.requests.length = 0
    page = await setting.open('/app/inbox?folder=7#/mail/3')
    await startedOn(page)
    return () => page.context().close()
  })

  /** Begins a sign-in in a click. */
  const leave = (on: Page = page, redirectUri?: string) =>
    on.evaluate(
      ({ scopes, redirectUri }) => {
        const { app, msal } = window
        void app.acquireTokenInteractive({ scopes, interaction: msal.redirect(redirectUri ? { redirectUri } : {}) })
      },
      { scopes, redirectUri },
    )
  const kept = (on: Page = page) => on.evaluate(() => Object.keys(sessionStorage))
  /** The addresses that the page was led to. */
  const addresses = (on: Page = page) => {
    const urls: string[] = []
    on.on('framenavigated', (frame) => urls.push(frame.url()))
    return urls
  }
  const signedIn = { account: { username: alice.username }, tokenSource: 'identity_provider' }

  it.each([
    ['the page itself', undefined],
    ['another page', '/app/signed-in'],
  ])('comes back by way of %s, to the query and the fragment that were left', async (_, redirectUri) => {
    await leave(page, redirectUri)
    await signIn(page, alice)
    await page.waitForURL(home)
    expect(await startedOn(page)).toMatchObject(signedIn)
    expect(await page.evaluate(() => window.otherStarted)).toBeNull()
    expect(page.url()).toBe(home)
    expect(await kept()).toEqual([])
  })

  it('leaves the answer to the client that it is for, though another asks long before', async () => {
    await page.goto(`${setting.site.origin}/app/late`)
    await startedOn(page)
    await leave()
    await signIn(page, alice)
    await page.waitForURL('**/app/late')
    expect(await startedOn(page)).toMatchObject(signedIn)
    expect(await page.evaluate(() => window.otherStarted)).toBeNull()
  })

  it('S59 finishes once, however often it is asked', async () => {
    await leave()
    await signIn(page, alice)
    await page.waitForURL(home)
    expect(await startedOn(page)).toMatchObject(signedIn)
    const promises = await page.evaluate(() => new Set([1, 2].map(() => window.msal.completeRedirect(window.app))).size)
    expect(promises).toBe(1)
    expect(await page.evaluate(() => window.outcome(window.msal.completeRedirect(window.app)))).toMatchObject(signedIn)
    expect(await page.evaluate(() => window.outcome(window.msal.completeRedirect(window.createApp())))).toBeNull()
    expect(setting.provider.tokenRequests('authorization_code')).toHaveLength(1)
  })

  it('S04 S59 is redeemed once where two clients of the page ask for it at the same time', async () => {
    await page.addInitScript(() => {
      // The page's first step, before it asks itself.
      Object.defineProperty(window, 'otherStarted', {
        set() {
          const { createApp, msal, outcome } = window
          Object.assign(window, { both: Promise.all([createApp(), createApp()].map((app) => outcome(msal.completeRedirect(app)))) })
        },
      })
    })
    await leave()
    await signIn(page, alice)
    await page.waitForURL(home)
    const own = await startedOn(page)
    const both = await page.evaluate(() => (window as unknown as { both: Promise<unknown[]> }).both)
    // One of them, or the page itself.
    expect([own, ...both].filter((one) => one !== null)).toMatchObject([signedIn])
    expect(setting.provider.tokenRequests()).toHaveLength(1)
  })

  it('S04 S59 takes no answer twice, and cleans the address of it', async () => {
    const urls = addresses()
    await leave()
    await signIn(page, alice)
    await page.waitForURL(home)
    await startedOn(page)
    const answer = urls.find((url) => /#.*code=/.test(url))!
    await page.goto('about:blank')
    await page.goto(answer)
    expect(await startedOn(page)).toMatchObject({ name: 'ClientAuthError', code: 'flow_unknown', action: 'interact' })
    expect(page.url()).toBe(`${setting.site.origin}/app/inbox`)
    expect(setting.provider.tokenRequests()).toHaveLength(1)
  })

  it.each(['#code=1&state=foreign', '?error=access_denied&state=foreign'])('S02 S03 refuses a foreign answer: %s', async (answer) => {
    await page.goto(`${setting.site.origin}/app/${answer}`)
    expect(await startedOn(page)).toMatchObject({ code: 'flow_unknown' })
    expect(page.url()).toBe(`${setting.site.origin}/app/`)
    expect(setting.provider.requests).toEqual([])
  })

  it('leaves an address alone that holds no answer', async () => {
    const address = `${setting.site.origin}/app/?state=open#/list?state=1&code=2`
    await page.goto(address)
    expect(await startedOn(page)).toBeNull()
    expect(page.url()).toBe(address)
  })

  it('tells what the provider refused with', async () => {
    await leave()
    await page.waitForSelector('#username')
    await page.click('button[value=cancel]')
    await page.waitForURL(home)
    expect(await startedOn(page)).toMatchObject({ name: 'ServerError', code: 'server_error' })
    expect(await kept()).toEqual([])
  })

  it('S04 refuses an answer that comes too late', async () => {
    await leave()
    await page.waitForSelector('#username')
    await page.context().addInitScript(() => {
      const now = Date.now
      Date.now = () => now() + 601_000
    })
    await signIn(page, alice)
    await page.waitForURL(home)
    expect(await startedOn(page)).toMatchObject({ code: 'flow_expired' })
    expect(setting.provider.tokenRequests()).toEqual([])
  })

  it.each([
    ['the page itself', undefined],
    ['another page', '/app/signed-in'],
  ])('S58 that is reloaded in the middle, back by way of %s, is over, and the next one works', async (_, redirectUri) => {
    setting.provider.control.failNext({ when: { grantType: 'authorization_code' }, delay: 5000 })
    await leave(page, redirectUri)
    await signIn(page, alice)
    await page.waitForURL(home)
    await expect.poll(() => setting.provider.tokenRequests().length).toBe(1)
    await page.reload()
    expect(await startedOn(page)).toBeNull()
    expect(page.url()).toBe(home)
    await leave()
    await page.waitForFunction(() => window.started)
    await expect.poll(() => startedOn(page)).toMatchObject(signedIn)
  })

  it('S03 keeps two tabs apart', async () => {
    const second = await page.context().newPage()
    await second.goto(home)
    await leave(page)
    await page.waitForSelector('#username')
    await leave(second)
    await signIn(second, bob)
    await second.waitForURL(home)
    expect(await startedOn(second)).toMatchObject({ account: { username: bob.username } })
    await signIn(page, alice)
    await page.waitForURL(home)
    expect(await startedOn(page)).toMatchObject(signedIn)
  })

  it('S58 that the person goes back from, to a page that was kept alive, is cancelled', async () => {
    const { site } = setting
    const alive = await launchChromium([], { ignoreDefaultArgs: ['--disable-back-forward-cache'] })
    const left = await alive.newPage()
    await left.goto(home)
    // Playwright loses sight of a page that is kept alive, so the page tells the server.
    await left.evaluate((scopes) => {
      const { app, msal, outcome } = window
      outcome(app.acquireTokenInteractive({ scopes, interaction: msal.redirect() })).then((left) => {
        fetch('/said', { method: 'POST', body: JSON.stringify({ code: left?.code, kept: Object.keys(sessionStorage) }) })
      })
    }, scopes)
    await left.waitForSelector('#username')
    await left.evaluate(() => history.back())
    await expect.poll(() => site.said, { timeout: 5000 }).toEqual(['{"code":"user_cancelled","kept":[]}'])
    await alive.close()
  })

  it('that the person goes back from, to a page that loads anew, blocks nothing and is swept in time', async () => {
    await leave()
    await page.waitForSelector('#username')
    await page.goBack()
    expect(await startedOn(page)).toBeNull()
    expect(await kept()).toHaveLength(1)
    await page.evaluate(() => {
      const now = Date.now
      Date.now = () => now() + 601_000
    })
    await leave()
    await page.waitForSelector('#username')
    await page.goto(home)
    expect(await kept()).toHaveLength(1)
  })

  it('is over when the caller gives up', async () => {
    // The provider answers, but with no page: the person stays where they are.
    setting.provider.control.failNext({ when: { path: '/oauth2/v2.0/authorize' }, status: 204, body: '' })
    const outcome = await page.evaluate((scopes) => {
      const { app, msal, outcome } = window
      return outcome(app.acquireTokenInteractive({ scopes, interaction: msal.redirect(), timeout: 500 }))
    }, scopes)
    expect(outcome).toMatchObject({ code: 'interaction_timed_out' })
    expect(await kept()).toEqual([])
  })

  it('needs sessionStorage', async () => {
    const outcome = await page.evaluate((scopes) => {
      Object.defineProperty(window, 'sessionStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError')
        },
      })
      const { app, msal, outcome } = window
      return outcome(app.acquireTokenInteractive({ scopes, interaction: msal.redirect() }))
    }, scopes)
    expect(outcome).toMatchObject({ name: 'ClientConfigurationError', code: 'environment_unsupported' })
  })
})
