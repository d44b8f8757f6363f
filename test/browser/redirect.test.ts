import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lacks } from '../support/require.ts'
import { hasChromium, type Outcome, type Page, type Setting, scopes, signIn, startSetting, users } from './support/setting.ts'

const { alice } = users

describe.skipIf(lacks('chromium', hasChromium))('a redirect', () => {
  let setting: Setting
  let page: Page
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    setting.site.headers = {}
    page = await setting.open('/app/inbox?folder=7#/mail/3')
    return () => page.context().close()
  })

  const start = (on: Page, redirectUri?: string) =>
    on.evaluate(
      ({ scopes, redirectUri }) => {
        const { app, msal } = window
        void app.acquireTokenInteractive({ scopes, interaction: msal.redirect(redirectUri ? { redirectUri } : {}) })
      },
      { scopes, redirectUri },
    )
  const started = (on: Page): Promise<Outcome | null> =>
    on.waitForFunction(() => window.started).then(() => on.evaluate(() => window.started))
  const kept = (on: Page) => on.evaluate(() => Object.keys(sessionStorage))

  it.each([
    ['the page itself', undefined],
    ['another page', '/app/signed-in'],
  ])('comes back by way of %s, to the query and the fragment that were left', async (_, redirectUri) => {
    await start(page, redirectUri)
    await signIn(page, alice)
    await page.waitForFunction(() => window.rendered)
    expect(await started(page)).toMatchObject({ account: { username: alice.username }, tokenSource: 'identity_provider' })
    expect(page.url()).toBe(`${setting.site.origin}/app/inbox?folder=7#/mail/3`)
    expect(await kept(page)).toEqual([])
  })
})
