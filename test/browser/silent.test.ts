import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchProfile } from '../e2e/chromium.ts'
import { startPlayground } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { countRunning, running } from './support/running.ts'
import {
  hasChromium,
  type Outcome,
  type Page,
  type Setting,
  scopes,
  signInByPopup,
  startedOn,
  startSetting,
  users,
} from './support/setting.ts'
import { startSite } from './support/site.ts'

const { alice, bob } = users

/** Asks in a hidden frame, and tells how long it took and whether the frame is gone. */
const askInFrame = (page: Page, options: { redirectUri?: string; timeout?: number; prompt?: string } = {}) =>
  page.evaluate(
    async ({ scopes, prompt, ...options }) => {
      const { app, msal, outcome } = window
      const start = performance.now()
      const came = await outcome(
        app.acquireTokenInteractive({ scopes, interaction: msal.silentFrame(options), ...(prompt !== undefined && { prompt }) }),
      )
      return { ...came, took: performance.now() - start, frames: document.querySelectorAll('iframe').length }
    },
    { scopes, ...options },
  )

describe.skipIf(lacks('chromium', hasChromium))('a hidden frame', () => {
  let setting: Setting
  let page: Page
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    setting.site.headers = {}
    setting.provider.control.clearFaults()
    page = await setting.open()
    return () => page.context().close()
  })
  const silently = (options: { forceRefresh?: boolean; withError?: boolean; frame?: object }): Promise<Outcome | null> =>
    page.evaluate(
      async ({ scopes, forceRefresh, withError, frame }) => {
        const { app, msal, outcome, createApp } = window
        const [account] = await app.getAccounts()
        const silentInteraction = msal.silentFrame({ redirectUri: '/finish', ...frame })
        const other = createApp({ silentInteraction })
        const request = { scopes, account, ...(forceRefresh && { forceRefresh }) }
        return outcome(withError ? other.acquireTokenSilentWithError(request) : other.acquireTokenSilent(request))
      },
      { scopes, ...options },
    )

  it.each([
    ['a page that hands the answer on', '/finish'],
    ['the application’s page', undefined],
    ['a page without a script', '/empty'],
  ])('signs a known person in by way of %s', async (_, redirectUri) => {
    await signInByPopup(page, alice)
    const came = await askInFrame(page, redirectUri ? { redirectUri } : {})
    expect(came).toMatchObject({ account: { username: alice.username }, tokenSource: 'identity_provider', frames: 0 })
  })

  it('works under a strict Content-Security-Policy', async () => {
    const { provider, site } = setting
    site.headers = { 'content-security-policy': `default-src 'self'; connect-src ${provider.url}; frame-src 'self' ${provider.url}` }
    await page.goto(`${site.origin}/bundled/app`)
    await signInByPopup(page, alice, '/bundled/finish')
    expect(await askInFrame(page, { redirectUri: '/bundled/finish' })).toMatchObject({ account: { username: alice.username } })
  })

  it('S59 tells that the provider wants the person', async () => {
    const came = await askInFrame(page, { redirectUri: '/finish' })
    expect(came).toMatchObject({ name: 'InteractionRequiredAuthError', code: 'interaction_required', action: 'interact', frames: 0 })
  })

  it('S59 tells that no answer came, and what to do', async () => {
    const refusing = { status: 200, headers: { 'content-type': 'text/html', 'x-frame-options': 'DENY' }, body: '<p>Sign in' }
    setting.provider.control.failNext({ when: { path: '/oauth2/v2.0/authorize' }, ...refusing })
    const came = await askInFrame(page, { redirectUri: '/finish', timeout: 600 })
    expect(came).toMatchObject({ name: 'ClientAuthError', code: 'interaction_timed_out', action: 'interact', frames: 0 })
    expect(came.took).toBeGreaterThan(590)
    expect(came.took).toBeLessThan(2000)
  })

  it('S59 leaves no timer running and no channel open', async () => {
    await countRunning(page)
    await page.reload()
    await startedOn(page)
    // One that wants the person, and one that gets no answer.
    const refusing = { status: 200, headers: { 'content-type': 'text/html' }, body: '' }
    expect(await askInFrame(page, { redirectUri: '/finish' })).toMatchObject({ code: 'interaction_required' })
    setting.provider.control.failNext({ when: { path: '/oauth2/v2.0/authorize' }, ...refusing })
    expect(await askInFrame(page, { redirectUri: '/finish', timeout: 400 })).toMatchObject({ code: 'interaction_timed_out' })
    expect(await running(page)).toEqual([0, 0])
  })

  it('asks for no other prompt', async () => {
    expect(await askInFrame(page, { prompt: 'login' })).toMatchObject({ code: 'invalid_argument', frames: 0 })
    expect(await askInFrame(page, { prompt: 'none' })).toMatchObject({ code: 'interaction_required' })
  })

  describe('as the silent interaction of a client', () => {
    it('brings a token where the cache holds nothing', async () => {
      await signInByPopup(page, alice)
      expect(await silently({})).toMatchObject({ account: { username: alice.username }, tokenSource: 'identity_provider' })
      const request = setting.provider.requests.filter(({ path }) => path.endsWith('/authorize')).at(-1)!.parameters
      expect(request).toMatchObject({ prompt: 'none', login_hint: alice.username })
    })

    it('brings a token where the refresh token is refused, and a new refresh token', async () => {
      await signInByPopup(page, alice)
      setting.provider.control.revoke({ user: alice as never })
      const came = await page.evaluate(async (scopes) => {
        const { msal, outcome, createApp } = window
        const app = createApp({ silentInteraction: msal.silentFrame({ redirectUri: '/finish' }) })
        const [account] = await window.app.getAccounts()
        await app.acquireTokenSilent({ scopes, account: account! })
        return outcome(app.acquireTokenSilent({ scopes, account: account!, forceRefresh: true }))
      }, scopes)
      expect(came).toMatchObject({ account: { username: alice.username }, tokenSource: 'identity_provider' })
      expect(setting.provider.tokenRequests().at(-1)!.grantType).toBe('refresh_token')
    })

    it('leaves it at null, or at the error, where the provider wants the person', async () => {
      await signInByPopup(page, alice)
      await page.context().clearCookies()
      expect(await silently({})).toBeNull()
      expect(await silently({ withError: true })).toMatchObject({ name: 'InteractionRequiredAuthError', action: 'interact' })
    })

    it('leaves it at null where the person is another at the provider', async () => {
      await signInByPopup(page, alice)
      await page.context().clearCookies()
      const other = await page.context().newPage()
      await other.goto(`${setting.site.origin}/app/`)
      await signInByPopup(other, bob)
      expect(await silently({})).toBeNull()
    })

    it('leaves it at null where no answer comes', async () => {
      await signInByPopup(page, alice)
      for (let turn = 0; turn < 2; turn++)
        setting.provider.control.failNext({
          when: { path: '/oauth2/v2.0/authorize' },
          status: 200,
          headers: { 'content-type': 'text/html' },
          body: '',
        })
      expect(await silently({ frame: { timeout: 400 } })).toBeNull()
      expect(await silently({ frame: { timeout: 400 }, withError: true })).toMatchObject({ code: 'interaction_timed_out' })
    })

    it('opens one frame for all who ask', async () => {
      await signInByPopup(page, alice)
      const before = setting.provider.requests.length
      const count = await page.evaluate(async (scopes) => {
        const { app, msal, createApp } = window
        const [account] = await app.getAccounts()
        const other = createApp({ silentInteraction: msal.silentFrame({ redirectUri: '/finish' }) })
        const asked = [scopes, scopes, ['Mail.Read']].map((scopes) => other.acquireTokenSilent({ scopes, account: account! }))
        return (await Promise.all(asked)).filter(Boolean).length
      }, scopes)
      expect(count).toBe(3)
      expect(setting.provider.requests.slice(before).filter(({ path }) => path.endsWith('/authorize'))).toHaveLength(1)
    })
  })
})

describe.skipIf(lacks('chromium', hasChromium))('a hidden frame of another site', () => {
  // Sites differ by host, so the page is at 127.0.0.1; a cookie crosses sites over https only.
  it.each([
    { cookies: 'blocked', allowed: false },
    { cookies: 'allowed', allowed: true },
  ])('gets a quick answer with third-party cookies $cookies', async ({ allowed }) => {
    const profile = await mkdtemp(join(tmpdir(), 'msal-isomorphic-profile-'))
    await mkdir(join(profile, 'Default'))
    const preferences = { profile: { cookie_controls_mode: allowed ? 0 : 1, block_third_party_cookies: !allowed } }
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
    await using playground = await startPlayground()
    const { provider } = playground
    const authority = provider.authority(provider.tenants.contoso, { https: true })
    const site = await startSite({ clientId: provider.clients.spa.clientId, authority })
    let context: Awaited<ReturnType<typeof launchProfile>> | undefined
    try {
      context = await launchProfile(profile)
      const page = await context.newPage()
      await page.goto(`${site.otherOrigin}/app/`)
      expect(await signInByPopup(page, alice)).toMatchObject({ account: { username: alice.username } })
      const came = await askInFrame(page, { redirectUri: '/finish' })
      expect(came).toMatchObject(allowed ? { account: { username: alice.username } } : { name: 'InteractionRequiredAuthError' })
      expect(came.took).toBeLessThan(3000)
    } finally {
      await context?.close()
      await site.close()
      await rm(profile, { recursive: true, force: true })
    }
  })
})
