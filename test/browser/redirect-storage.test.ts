import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lacks } from '../support/require.ts'
import { hasChromium, type Page, type Setting, scopes, signIn, startedOn, startSetting, users } from './support/setting.ts'

const { alice } = users
const signedIn = { account: { username: alice.username }, tokenSource: 'identity_provider' }

// What a sign-in that leaves the page keeps in the browser, and what it does where there is no room.
describe.skipIf(lacks('chromium', hasChromium))('a redirect’s storage', () => {
  let setting: Setting
  let page: Page
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    setting.provider.requests.length = 0
    page = await setting.open('/app/inbox?folder=7#/mail/3')
    await startedOn(page)
    return () => page.context().close()
  })

  const leave = () =>
    page.evaluate((scopes) => {
      const { app, msal, outcome } = window
      return Promise.race([
        outcome(app.acquireTokenInteractive({ scopes, interaction: msal.redirect() })),
        new Promise<'leaving'>((resolve) => addEventListener('pagehide', () => resolve('leaving'))),
      ])
    }, scopes)

  /** Fills sessionStorage to the last character with what is not ours. */
  const fill = () =>
    page.evaluate(() => {
      const put = (length: number) => {
        try {
          sessionStorage.setItem(`theirs ${sessionStorage.length}`, 'x'.repeat(length))
        } catch (error) {
          if ((error as Error).name !== 'QuotaExceededError') throw error
          return false
        }
        return true
      }
      for (let length = 1 << 20; length; length >>= 1) while (put(length));
      return foreign()

      function foreign() {
        return Object.entries(sessionStorage).filter(([key]) => key.startsWith('theirs')).length
      }
    })
  const foreign = () => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('theirs')).length)

  it('S52 that is full is an error of ours, and what others keep there stays', async () => {
    const count = await fill()
    expect(count).toBeGreaterThan(5)
    expect(await leave()).toMatchObject({ name: 'ClientConfigurationError', code: 'environment_unsupported' })
    expect(await foreign()).toBe(count)
    expect(page.url()).toContain('/mail/3')
    await page.evaluate(() => sessionStorage.clear())
    leave().catch(() => {})
    await signIn(page, alice)
    await page.waitForURL('**/mail/3')
    expect(await startedOn(page)).toMatchObject(signedIn)
  })

  it('S52 that is full has room where a sign-in of ours is over', async () => {
    leave().catch(() => {})
    await page.waitForSelector('#username')
    await page.goto(`${setting.site.origin}/app/`)
    await startedOn(page)
    const count = await fill()
    expect(await leave()).toMatchObject({ code: 'environment_unsupported' })
    await page.evaluate(() => {
      const now = Date.now
      Date.now = () => now() + 601_000
    })
    leave().catch(() => {})
    await page.waitForSelector('#username')
    await page.goto(`${setting.site.origin}/app/`)
    expect(await foreign()).toBe(count)
  })

  it.each(['/app/', '/app/kept'])('S54 holds no token, code or verifier after a sign-in on %s', async (path) => {
    await page.goto(setting.site.origin + path)
    await startedOn(page)
    leave().catch(() => {})
    await signIn(page, alice)
    await page.waitForURL(`**${path}`)
    const result = await startedOn(page)
    expect(result).toMatchObject(signedIn)
    const { code, code_verifier: verifier } = setting.provider.tokenRequests('authorization_code')[0]!.parameters as Record<string, string>
    const [refreshToken] = (await page.evaluate(() => window.tokenCache.find('RefreshToken'))) as { secret: string }[]
    const secrets = [result!.accessToken!, result!.idToken!, refreshToken!.secret, code!, verifier!]
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(20)

    const stored = await page.evaluate(async () => {
      const found: string[] = [localStorage, sessionStorage].map((storage) => JSON.stringify({ ...storage }))
      const done = <T>(request: IDBRequest<T>) => new Promise<T>((resolve) => (request.onsuccess = () => resolve(request.result)))
      const text = (value: unknown): string => {
        if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder('latin1').decode(value)
        return typeof value === 'object' && value ? Object.entries(value).flat().map(text).join() : String(value)
      }
      for (const { name } of await indexedDB.databases()) {
        const database = await done(indexedDB.open(name!))
        for (const store of database.objectStoreNames) found.push(text(await done(database.transaction(store).objectStore(store).getAll())))
      }
      for (const name of await caches.keys()) found.push(name)
      return found
    })
    expect(stored.length).toBe(path === '/app/kept' ? 3 : 2)
    if (path === '/app/kept') expect(stored[2]!.length).toBeGreaterThan(1000)
    // The provider's own session is on another port of the same host, which cookies do not tell apart.
    const cookies = await page.context().cookies()
    expect(cookies.map(({ name }) => name).filter((name) => !/^ESTS/.test(name))).toEqual([])
    const everything = [...stored, JSON.stringify(await page.context().storageState()), page.url()].join('\n')
    for (const secret of secrets) expect(everything).not.toContain(secret)
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0])
  })
})
