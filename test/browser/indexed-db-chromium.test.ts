import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hasChromium } from '../e2e/chromium.ts'
import { lacks } from '../support/require.ts'
import { load, type Page, shown, silently, startTabs, type Tabs } from './storage/tabs.ts'

/** Runs the contract on a page's store, or on stores of their own; resolves to what failed. */
const contract = (page: Page, own = false): Promise<string[]> =>
  page.evaluate(async (own) => {
    const wrong: string[] = []
    for (const { name, run } of library.cacheStoreContract(() => (own ? library.indexedDbStore() : tab.store))) {
      await run().catch((error: Error) => wrong.push(`${name}: ${error.message}`))
    }
    return wrong
  }, own)

describe.skipIf(lacks('chromium', hasChromium))('indexedDbStore in Chromium', { timeout: 60_000 }, () => {
  let tabs: Tabs
  beforeAll(async () => {
    tabs = await startTabs()
  })
  afterAll(() => tabs?.close())
  afterEach(() => Promise.all(tabs.browser.contexts().map((context) => context.close())))

  test('does what a store must do, lock and watch included', async () => {
    const [page] = (await tabs.open()) as [Page]
    expect(await page.evaluate(() => typeof tab.store.lock)).toBe('function')
    expect(await contract(page)).toEqual([])
    expect(await contract(page, true)).toEqual([])
  })

  test('waiting for a lock ends with the signal, as an error of ours', async () => {
    const [page, other] = (await tabs.open(2)) as [Page, Page]
    await page.evaluate(() => new Promise<void>((held) => void tab.store.lock!('user:x', () => new Promise(() => held()))))
    expect(
      await other.evaluate(async () => {
        const code = (error: { code: string }) => error.code
        const task = async () => 'ran'
        return await Promise.all([
          tab.store.lock!('user:x', task, AbortSignal.timeout(50)).catch(code),
          tab.store.lock!('user:x', task, AbortSignal.abort()).catch(code),
          tab.store.lock!('user:y', task),
        ])
      }),
    ).toEqual(['aborted', 'aborted', 'ran'])
  })

  test('S54 no token can be found in the profile, and no key can be taken away', async () => {
    const [page] = (await tabs.open()) as [Page]
    await tabs.signIn(page)
    const token = await silently(page)
    const found = await page.evaluate(async () => {
      const names = (await indexedDB.databases()).map(({ name }) => name!)
      const request = indexedDB.open(names[0]!)
      const database = await new Promise<IDBDatabase>((resolve) => {
        request.onsuccess = () => resolve(request.result)
      })
      const all = database.transaction('partitions').objectStore('partitions').getAll()
      const values = await new Promise<(CryptoKey | { data: ArrayBuffer })[]>((resolve) => {
        all.onsuccess = () => resolve(all.result)
      })
      const texts = values.map((value) => ('data' in value ? new TextDecoder('latin1').decode(value.data) : ''))
      const key = values.find((value) => value instanceof CryptoKey)!
      const exported = await crypto.subtle.exportKey('raw', key as CryptoKey).catch((error) => error.name)
      const [refreshToken] = (await tab.tokenCache.find('RefreshToken')) as { secret: string }[]
      const storages = [Object.values(localStorage), Object.values(sessionStorage), document.cookie].flat()
      return { names, texts, exported, secret: refreshToken!.secret, storages, readable: JSON.stringify(values) }
    })
    expect(found.names).toEqual(['msal-isomorphic'])
    expect(found.texts.join().length).toBeGreaterThan(1000)
    expect(found.exported).toBe('InvalidAccessError')
    const everything = [...found.texts, ...found.storages, found.readable].join('\n')
    expect(found.secret.length).toBeGreaterThan(20)
    for (const secret of [token, found.secret, 'RefreshToken', 'secret']) expect(everything).not.toContain(secret)
  })

  test('S53 a database that is deleted under the page holds nobody up, and begins anew', async () => {
    const [page, other] = (await tabs.open(2)) as [Page, Page]
    await tabs.signIn(page)
    await silently(other)
    expect(
      await other.evaluate(
        () =>
          new Promise((resolve) => {
            const request = indexedDB.deleteDatabase('msal-isomorphic')
            request.onsuccess = () => resolve('deleted')
            request.onblocked = () => resolve('blocked')
          }),
      ),
    ).toBe('deleted')
    await load(other, tabs.site)
    expect(await silently(other)).toBe('none')
    await tabs.signIn(page)
    expect(await silently(other)).toMatch(/^ey/)
    expect(await page.evaluate(() => tab.errors)).toEqual([])
  })

  test('a database that another tab upgrades is used on', async () => {
    const [page, other] = (await tabs.open(2)) as [Page, Page]
    await tabs.signIn(page)
    expect(
      await other.evaluate(
        () =>
          new Promise((resolve) => {
            const request = indexedDB.open('msal-isomorphic', 9)
            request.onsuccess = () => resolve('upgraded')
            request.onblocked = () => resolve('blocked')
          }),
      ),
    ).toBe('upgraded')
    expect(await silently(page, true)).toMatch(/^ey/)
    expect(await silently(other)).toMatch(/^ey/)
    expect(await page.evaluate(() => tab.errors)).toEqual([])
  })

  test('S53 where IndexedDB is blocked, people sign in all the same, and that is told once', async () => {
    const [page] = (await tabs.open(1, () => {
      Object.defineProperty(globalThis, 'indexedDB', {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        },
      })
    })) as [Page]
    await tabs.signIn(page)
    expect(await silently(page, true)).toMatch(/^ey/)
    expect(await page.evaluate(() => tab.accounts.get().length)).toBe(1)
    expect(await page.evaluate(() => tab.errors)).toEqual(['environment_unsupported'])
    await load(page, tabs.site)
    expect(await silently(page)).toBe('none')
  })

  test('S53 a sandboxed frame, which may store nothing, works in memory', async () => {
    const [page] = (await tabs.open()) as [Page]
    await page.evaluate(
      (src) => document.body.append(Object.assign(document.createElement('iframe'), { src, sandbox: 'allow-scripts' })),
      tabs.site.origin,
    )
    await page.waitForFunction(() => frames.length === 1)
    const frame = page.frames()[1]!
    await frame.waitForFunction('globalThis.openApp')
    await frame.evaluate('void (globalThis.tab = openApp(options))')
    const first = await frame.evaluate(() => tab.store.read('user:x').catch((error) => [error.code, error.message, error.cause.name]))
    expect(first).toEqual(['environment_unsupported', 'IndexedDB cannot be used here (SecurityError).', 'SecurityError'])
    expect(await frame.evaluate(() => tab.store.lock!('user:x', async () => 'ran'))).toBe('ran')
    await frame.evaluate(() => void delete tab.store.lock)
    expect(await contract(frame as never)).toEqual([])
    expect(await frame.evaluate(() => [tab.accounts.active, tab.accounts.get().length])).toEqual([null, 0])
  })

  test('S52 a partition that finds no room is told of, and what is smaller is stored', async () => {
    const [page] = (await tabs.open()) as [Page]
    const session = await page.context().newCDPSession(page)
    await session.send('Storage.overrideQuotaForOrigin', { origin: tabs.site.origin, quotaSize: 1_000_000 })
    const outcome = await page.evaluate(() =>
      tab.store.write('user:x', 'x'.repeat(5_000_000), {}).then(
        () => 'written',
        (error) => `${error.code}: ${error.cause.name}`,
      ),
    )
    expect(outcome).toBe('environment_unsupported: QuotaExceededError')
    expect(await page.evaluate(() => tab.store.read('user:x'))).toBeNull()
    await tabs.signIn(page)
    await load(page, tabs.site)
    expect(await silently(page)).toMatch(/^ey/)
    expect(await shown(page)).toContain('@')
  })
})
