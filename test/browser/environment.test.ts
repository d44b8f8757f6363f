import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as browser from '../../src/browser/index.ts'
import { PublicClientApplication } from '../../src/core/index.ts'
import { lateParts, root } from '../package/support.ts'
import { lacks } from '../support/require.ts'
import { hasChromium, type Setting, scopes, signIn, signInByPopup, startedOn, startSetting, users } from './support/setting.ts'

const { alice } = users

describe('on a server', () => {
  const newApp = () => new PublicClientApplication({ clientId: 'id', fetch: () => Promise.reject(new Error('asked')) })
  const app = newApp()
  const unsupported = { name: 'ClientConfigurationError', code: 'environment_unsupported' }

  it.each([browser.popup, browser.redirect, browser.silentFrame])('%o is refused when it is used', async (create) => {
    const interaction = create()
    await expect(app.acquireTokenInteractive({ scopes, interaction })).rejects.toMatchObject(unsupported)
  })

  it.each([browser.completeRedirect, browser.logout, browser.completeFrontChannelLogout])('%o rejects', async (use) => {
    await expect(use(app)).rejects.toMatchObject(unsupported)
  })

  it('S59 a page without WebCrypto, over plain http, is no place either', async () => {
    vi.stubGlobal('document', {})
    vi.stubGlobal('crypto', { randomUUID: () => 'id' })
    try {
      for (const create of [browser.popup, browser.redirect, browser.silentFrame])
        await expect(app.acquireTokenInteractive({ scopes, interaction: create() })).rejects.toMatchObject(unsupported)
      for (const use of [browser.completeRedirect, browser.logout]) await expect(use(newApp())).rejects.toMatchObject(unsupported)
      expect(() => browser.completePopup()).toThrow(expect.objectContaining(unsupported))
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('completePopup throws', () => {
    expect(() => browser.completePopup()).toThrow(expect.objectContaining(unsupported))
  })

  it.each([0, -1, Number.NaN])('a hidden frame has no timeout of %s', (timeout) => {
    expect(() => browser.silentFrame({ timeout })).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})

describe.skipIf(lacks('chromium', hasChromium))('in a browser', () => {
  let setting: Setting
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())

  it('a worker has tokens from the cache, and new ones', async () => {
    const page = await setting.open()
    await signInByPopup(page, alice)
    const outcome = await page.evaluate(async (scopes) => {
      const { app, msal, config } = window
      const tokenCache = new msal.SerializableTokenCache()
      const owner = window.createApp({ tokenCache })
      await owner.acquireTokenInteractive({ scopes, interaction: msal.silentFrame({ redirectUri: '/finish' }) })
      const [account] = await app.getAccounts()
      const worker = new Worker('/bundle/worker.js', { type: 'module' })
      const answered = new Promise((resolve) => worker.addEventListener('message', ({ data }) => resolve(data)))
      worker.postMessage({ config, cache: tokenCache.serialize(), scopes, account })
      return answered
    }, scopes)
    expect(outcome).toEqual({ hit: 'cache', refreshed: 'identity_provider', popup: 'environment_unsupported' })
    await page.context().close()
  })

  it('every part that loads late does load', async () => {
    const { site } = setting
    const late = await lateParts(join(root, 'dist/browser.js'))
    expect(late.length).toBeGreaterThan(0)
    const page = await setting.open()
    await page.evaluate((scopes) => void window.app.acquireTokenInteractive({ scopes, interaction: window.msal.redirect() }), scopes)
    await signIn(page, alice)
    await startedOn(page)
    await page.evaluate(() => window.msal.indexedDbStore().read('user:nobody'))
    expect(late.filter((path) => !site.loaded.has(path))).toEqual([])
    await page.context().close()
  })
})
