import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hasChromium } from '../e2e/chromium.ts'
import { lacks } from '../support/require.ts'
import { load, type Page, silently, startTabs, type Tabs } from './storage/tabs.ts'

/** What the pages of these tests keep for later. */
declare global {
  interface Window {
    /** Ends what holds the database up. */
    letGo(): void
    /** How often the browser closed a database under the page. */
    ended: number
  }
}

describe.skipIf(lacks('chromium', hasChromium))('S53 in Chromium, an IndexedDB', { timeout: 60_000 }, () => {
  let tabs: Tabs
  beforeAll(async () => {
    tabs = await startTabs()
  })
  afterAll(() => tabs?.close())
  afterEach(() => Promise.all(tabs.browser.contexts().map((context) => context.close())))

  const errors = (page: Page) => page.evaluate(() => tab.errors)

  test('that another tab keeps busy holds a sign-in and a renewal up for a moment only', async () => {
    const [page, other] = (await tabs.open(2)) as [Page, Page]
    await tabs.signIn(page)
    await other.evaluate(
      () =>
        new Promise<void>((begun) => {
          let goOn = true
          window.letGo = () => {
            goOn = false
          }
          const request = indexedDB.open('msal-isomorphic')
          request.onsuccess = () => {
            const store = request.result.transaction('partitions', 'readwrite').objectStore('partitions')
            const again = () => {
              if (goOn) store.get(0).onsuccess = again
              begun()
            }
            store.get(0).onsuccess = again
          }
        }),
    )
    const began = Date.now()
    expect(await silently(page, true)).toMatch(/^ey/)
    expect(Date.now() - began, 'a second for the database, and the renewal').toBeLessThan(2500)
    expect(new Set(await errors(page))).toEqual(new Set(['timed_out']))
    const next = Date.now()
    expect(await silently(page, true)).toMatch(/^ey/)
    expect(Date.now() - next, 'from memory').toBeLessThan(900)
    await other.evaluate(() => window.letGo())
    expect(await page.evaluate(() => tab.store.write('user:x', 'here', {}).then(() => tab.store.read('user:x')))).toMatchObject({
      value: 'here',
    })
  })

  test('that the browser closes under the page is opened again', async () => {
    const [page] = (await tabs.open(1, () => {
      window.ended = 0
      const { open } = IDBFactory.prototype
      IDBFactory.prototype.open = function (...args) {
        const request = open.apply(this, args)
        request.addEventListener('success', () => request.result.addEventListener('close', () => window.ended++))
        return request
      }
    })) as [Page]
    await tabs.signIn(page)
    const session = await page.context().newCDPSession(page)
    await session.send('Storage.clearDataForOrigin', { origin: tabs.site.origin, storageTypes: 'indexeddb' })
    await page.waitForFunction(() => window.ended > 0)
    expect(await page.evaluate(() => tab.store.read('user:x'))).toBeNull()
    await tabs.signIn(page)
    await load(page, tabs.site)
    expect(await silently(page)).toMatch(/^ey/)
    expect(await errors(page)).toEqual([])
  })

  test('whose upgrade another tab blocks holds nobody up, and is used once that is over', async () => {
    const [page, other] = (await tabs.open(2)) as [Page, Page]
    // A database of our name without our object store has to be upgraded.
    await other.evaluate(
      () =>
        new Promise<void>((begun) => {
          const request = indexedDB.open('msal-isomorphic')
          request.onsuccess = () => {
            window.letGo = () => request.result.close()
            begun()
          }
        }),
    )
    const began = Date.now()
    await tabs.signIn(page)
    expect(await silently(page)).toMatch(/^ey/)
    expect(Date.now() - began).toBeLessThan(2500)
    expect(await page.evaluate(() => tab.store.read('user:x').catch(({ code }) => code))).toBe('timed_out')
    await other.evaluate(() => window.letGo())
    await expect.poll(() => page.evaluate(() => tab.store.read('user:x').catch(({ code }) => code))).toBeNull()
    expect(await page.evaluate(() => tab.store.write('user:x', 'here', {}).then(() => tab.store.read('user:x')))).toMatchObject({
      value: 'here',
    })
  })
})
