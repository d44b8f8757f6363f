import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hasChromium } from '../e2e/chromium.ts'
import { users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { load, type Page, scopes, shown, silently, startTabs, type Tabs } from './storage/tabs.ts'
import { until } from './storage-support.ts'

// Many tabs of one profile in real Chromium, with the provider over HTTP.
describe.skipIf(lacks('chromium', hasChromium))('tabs of one browser', { timeout: 60_000 }, () => {
  let tabs: Tabs
  beforeAll(async () => {
    tabs = await startTabs()
  })
  afterAll(() => tabs?.close())
  afterEach(async () => {
    const { settings, control } = tabs.provider
    Object.assign(settings, { accessTokenSeconds: 3600, rotationGraceSeconds: Number.POSITIVE_INFINITY })
    control.clearFaults()
    await Promise.all(tabs.browser.contexts().map((context) => context.close()))
  })
  const refreshes = () => tabs.provider.tokenRequests('refresh_token').length

  test('S26 ten tabs, one expired token, all asking at once: one token request, and the session lives on', async () => {
    const { settings } = tabs.provider
    settings.rotationGraceSeconds = 0
    settings.accessTokenSeconds = 60
    const pages = await tabs.open(10)
    await tabs.signIn(pages[0]!)
    settings.accessTokenSeconds = 3600
    for (const page of pages) expect(await page.evaluate(async () => (await tab.app.getAccounts()).length)).toBe(1)
    for (let round = 0; round < 2; round++) {
      const before = refreshes()
      const tokens = await Promise.all(pages.map((page) => silently(page)))
      expect(new Set(tokens).size).toBe(1)
      expect(tokens[0]).toMatch(/^ey/)
      expect(refreshes() - before).toBe(round ? 0 : 1)
    }
    // A second use of any refresh token would have ended the session.
    for (const page of [pages[3]!, pages[7]!]) expect(await silently(page, true)).toMatch(/^ey/)
    expect(await Promise.all(pages.map((page) => page.evaluate(() => tab.errors)))).toEqual(pages.map(() => []))
  })

  test('who signs in or out in one tab does in all', async () => {
    const [here, there] = (await tabs.open(2)) as [Page, Page]
    await there.evaluate(() => {
      tab.accounts.subscribe(() => {
        const shown = tab.accounts.get().map(({ username }) => username)
        document.title = `${shown} (${tab.accounts.active?.username ?? 'nobody'})`
      })
    })
    const alice = await tabs.signIn(here)
    await there.waitForFunction((title) => document.title === title, `${users.alice.username} (${users.alice.username})`)
    expect(await silently(there)).toMatch(/^ey/)
    await tabs.signIn(here, users.bob)
    await there.waitForFunction(() => tab.accounts.get().length === 2)
    await here.evaluate((id) => {
      tab.accounts.active = tab.accounts.get().find(({ homeAccountId }) => homeAccountId !== id)!
    }, alice)
    await there.waitForFunction((name) => document.title.endsWith(`(${name})`), users.bob.username)
    await here.evaluate(async () => await tab.app.removeAccount(tab.accounts.active!))
    await there.waitForFunction((title) => document.title === title, `${users.alice.username} (nobody)`)
    const before = tabs.provider.requests.length
    expect(
      await there.evaluate(
        async (wanted) => {
          const gone = { ...tab.accounts.get()[0]!, homeAccountId: wanted.gone }
          return await tab.app.acquireTokenSilent({ scopes: wanted.scopes, account: gone })
        },
        { scopes, gone: users.bob.homeAccountId },
      ),
    ).toBeNull()
    expect(tabs.provider.requests).toHaveLength(before)
  })

  test('what was signed in and chosen is there at the next visit', async () => {
    const [page] = (await tabs.open()) as [Page]
    await tabs.signIn(page)
    await tabs.signIn(page, users.bob)
    await page.evaluate((id) => {
      tab.accounts.active = tab.accounts.get().find(({ homeAccountId }) => homeAccountId === id)!
    }, users.bob.homeAccountId)
    await load(page, tabs.site)
    expect(await shown(page), 'before the store is read').toBe('')
    await page.waitForFunction(() => tab.accounts.get().length === 2)
    expect(await page.evaluate(() => tab.accounts.active?.username)).toBe(users.bob.username)
    expect(await page.evaluate(() => Object.values(localStorage))).toEqual([users.bob.homeAccountId])
  })

  test('a page that is reloaded in the middle of a renewal gets its token', async () => {
    const [page, other] = (await tabs.open(2)) as [Page, Page]
    await tabs.signIn(page)
    tabs.provider.control.failNext({ when: { grantType: 'refresh_token' }, delay: 1500 })
    const before = refreshes()
    const lost = silently(page, true).catch(() => 'reloaded')
    await until(() => refreshes() > before)
    await load(page, tabs.site)
    expect(await lost).toBe('reloaded')
    const began = Date.now()
    const tokens = await Promise.all([silently(page, true), silently(other, true)])
    expect(tokens.join()).toMatch(/^ey.*,ey/)
    expect(Date.now() - began, 'the lock of the page that left is free').toBeLessThan(5000)
  })

  test('S31 a tab that has crashed holds no lock', async () => {
    const [page, other] = (await tabs.open(2)) as [Page, Page]
    await tabs.signIn(page)
    tabs.provider.control.failNext({ when: { grantType: 'refresh_token' }, delay: 5000 })
    const before = refreshes()
    silently(page, true).catch(() => {})
    await until(() => refreshes() > before)
    page.goto('chrome://crash').catch(() => {})
    await page.waitForEvent('crash')
    const began = Date.now()
    expect(await silently(other, true)).toMatch(/^ey/)
    expect(Date.now() - began).toBeLessThan(4000)
  })
})
