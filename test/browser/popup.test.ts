import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lacks } from '../support/require.ts'
import { hasChromium, type Outcome, type Page, type Setting, scopes, signIn, startSetting, users } from './support/setting.ts'

const { alice } = users

describe.skipIf(lacks('chromium', hasChromium))('a popup', () => {
  let setting: Setting
  let page: Page
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    setting.site.headers = {}
    for (const name of Object.keys(setting.provider.pageHeaders)) delete setting.provider.pageHeaders[name]
    page = await setting.open()
    return () => page.context().close()
  })

  /** Begins a sign-in in a click; resolves to the popup and what comes of the sign-in. */
  async function begin(redirectUri?: string, more: { timeout?: number } = {}): Promise<{ popup: Page; outcome: Promise<Outcome | null> }> {
    const opened = page.waitForEvent('popup')
    const outcome = page.evaluate(
      ({ redirectUri, scopes, more }) => {
        const { app, msal, outcome } = window
        return outcome(app.acquireTokenInteractive({ scopes, ...more, interaction: msal.popup(redirectUri ? { redirectUri } : {}) }))
      },
      { redirectUri, scopes, more },
    )
    outcome.catch(() => {})
    return { popup: await opened, outcome }
  }

  it.each([
    ['a page of its own', '/finish'],
    ['the application’s page', undefined],
  ])('comes back to %s and closes', async (_, redirectUri) => {
    const { popup, outcome } = await begin(redirectUri)
    const rendered: string[] = []
    popup.on('console', (message) => rendered.push(message.text()))
    const closed = popup.waitForEvent('close')
    await signIn(popup, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username }, tokenSource: 'identity_provider' })
    await closed
    expect(rendered).toEqual([])
  })

  describe.each([
    ['the provider’s page', false, true],
    ['the application’s page', true, false],
    ['both pages', true, true],
  ])('with Cross-Origin-Opener-Policy: same-origin on %s', (_, onApp, onProvider) => {
    beforeEach(async () => {
      if (onApp) setting.site.headers = { 'cross-origin-opener-policy': 'same-origin' }
      if (onProvider) setting.provider.pageHeaders['cross-origin-opener-policy'] = 'same-origin'
      await page.reload()
    })
    it.each(['/finish', undefined])('comes back to %s and closes', async (redirectUri) => {
      const { popup, outcome } = await begin(redirectUri)
      await popup.waitForSelector('#username')
      await popup.waitForTimeout(1500)
      const closed = popup.waitForEvent('close')
      await signIn(popup, alice)
      expect(await outcome).toMatchObject({ account: { username: alice.username } })
      await closed
    })
  })

  it('that the person closes ends the sign-in within two seconds', async () => {
    const { popup, outcome } = await begin()
    await popup.waitForSelector('#username')
    const start = performance.now()
    await popup.close()
    expect(await outcome).toMatchObject({ name: 'ClientAuthError', code: 'user_cancelled', action: 'interact' })
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
