import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closeAfterLook } from '../e2e/chromium.ts'
import { lacks } from '../support/require.ts'
import { countRunning, running } from './support/running.ts'
import {
  beginPopup,
  hasChromium,
  type Outcome,
  type Page,
  type Setting,
  scopes,
  signIn,
  signInByPopup,
  startedOn,
  startSetting,
  users,
} from './support/setting.ts'

const { alice, bob } = users

/** What the pages of these tests keep for later. */
declare global {
  interface Window {
    came: Promise<Outcome | null>
    controller: AbortController
    /** How many messages a hostile page has sent. */
    sent: number
  }
}

describe.skipIf(lacks('chromium', hasChromium))('a popup', () => {
  let setting: Setting
  let page: Page
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())
  beforeEach(async () => {
    setting.provider.control.clearFaults()
    setting.provider.requests.length = 0
    page = await setting.open()
    return () => page.context().close()
  })

  describe('S56 that opens in a click after a wait', () => {
    /** Clicks a button whose handler does something before it signs in. */
    async function click(before: () => unknown): Promise<void> {
      await startedOn(page)
      await page.evaluate(
        ({ scopes, before }) => {
          const button = Object.assign(document.createElement('button'), { id: 'sign-in', textContent: 'Sign in' })
          button.onclick = () => {
            window.came = (async () => {
              await new Function(`return (${before})()`)()
              const { app, msal, outcome } = window
              const came = await outcome(app.acquireTokenInteractive({ scopes, interaction: msal.popup({ redirectUri: '/finish' }) }))
              console.info('over')
              return came
            })()
          }
          document.body.append(button)
        },
        { scopes, before: String(before) },
      )
      // By the mouse alone: what a test evaluates in the page, as `page.click` does at its end, counts as another click.
      const { x, y } = (await page.locator('#sign-in').boundingBox())!
      await page.mouse.click(x + 5, y + 5)
    }

    it('works while the click still counts', async () => {
      const opened = page.waitForEvent('popup')
      await click(() => new Promise((resolve) => setTimeout(resolve, 300)))
      await signIn(await opened, alice)
      expect(await page.evaluate(() => window.came)).toMatchObject({ account: { username: alice.username } })
    })

    it('is refused once it does not count any more, and the next click works', async () => {
      const over = page.waitForEvent('console', (message) => message.text() === 'over')
      await click(async () => {
        // One click opens one window.
        window.open('about:blank')!.close()
        await fetch('/empty')
      })
      await over
      expect(await page.evaluate(() => window.came)).toMatchObject({ name: 'ClientAuthError', code: 'popup_blocked', action: 'interact' })
      expect(await signInByPopup(page, alice)).toMatchObject({ account: { username: alice.username } })
    })
  })

  describe('S57 leaves no timer running and no channel open, and ends with', () => {
    beforeEach(async () => {
      await countRunning(page)
      await page.reload()
      await startedOn(page)
      await expect.poll(() => running(page)).toEqual([0, 0])
    })

    const username = (popup: Page) => popup.waitForSelector('#username')
    const endings: Record<string, { code?: string; timeout?: number; act(popup: Page): Promise<unknown> }> = {
      'a token': { timeout: 60_000, act: (popup) => signIn(popup, alice) },
      'an error of the provider': { code: 'server_error', act: (popup) => username(popup).then(() => popup.click('button[value=cancel]')) },
      'a window that is closed': { code: 'user_cancelled', act: (popup) => username(popup).then(() => closeAfterLook(popup)) },
      'a window that is closed on another site': {
        code: 'user_cancelled',
        async act(popup) {
          await username(popup)
          await popup.goto(`${setting.site.otherOrigin}/empty`)
          await closeAfterLook(popup)
        },
      },
      'a window that is closed on a page of ours': {
        code: 'user_cancelled',
        async act(popup) {
          await username(popup)
          await popup.goto(`${setting.site.origin}/empty`)
          await closeAfterLook(popup)
        },
      },
      'its deadline': { code: 'interaction_timed_out', timeout: 3500, act: (popup) => expect.poll(() => popup.isClosed()).toBe(true) },
      'the caller’s abort': { code: 'aborted', act: (popup) => username(popup).then(() => page.evaluate(() => window.controller.abort())) },
    }

    it.each(Object.entries(endings))('%s', async (_, { code, timeout, act }) => {
      const opened = page.waitForEvent('popup')
      await page.evaluate(
        ({ scopes, timeout }) => {
          const { app, msal, outcome } = window
          window.controller = new AbortController()
          const options = { scopes, signal: window.controller.signal, ...(timeout && { timeout }) }
          window.came = outcome(app.acquireTokenInteractive({ ...options, interaction: msal.popup({ redirectUri: '/finish' }) }))
        },
        { scopes, timeout },
      )
      const popup = await opened
      await username(popup)
      const [timers, channels] = await running(page)
      expect(timers).toBeGreaterThan(0)
      expect(channels).toBe(1)
      await act(popup)
      const began = performance.now()
      expect(await page.evaluate(() => window.came)).toMatchObject(code ? { code } : { account: { username: alice.username } })
      expect(performance.now() - began).toBeLessThan(2000)
      await expect.poll(() => running(page)).toEqual([0, 0])
    })
  })

  it('S58 hears its answer through a flood of messages', async () => {
    const thrown: string[] = []
    page.on('pageerror', ({ message }) => thrown.push(message))
    const { popup, outcome } = await beginPopup(page, '/finish')
    await popup.waitForSelector('#username')
    const state = setting.provider.requests.find(({ path }) => path.endsWith('/authorize'))!.parameters.state as string
    // A frame of another site floods the page; one of ours, the channel.
    await page.evaluate(
      async (sources) => {
        for (const src of sources) {
          const frame = Object.assign(document.createElement('iframe'), { src })
          document.body.append(frame)
          await new Promise((resolve) => frame.addEventListener('load', resolve))
        }
      },
      [`${setting.site.otherOrigin}/empty`, `${setting.site.origin}/empty`],
    )
    const frames = page.frames().slice(1)
    for (const frame of frames) {
      await frame.evaluate(
        ({ state, home }) => {
          window.sent = 0
          const channel = new BroadcastChannel(`msal-isomorphic ${state}`)
          const url = `${home}/finish#code=1&state=`
          const noise = [
            null,
            'taken',
            7,
            { url },
            [],
            url,
            `${url}other`,
            `${home}/finish#state=${state}`,
            'x'.repeat(10_000),
            `${url}${state}x`,
          ]
          setInterval(() => {
            for (let round = 0; round < 100; round++) {
              channel.postMessage(noise[round % noise.length])
              parent.postMessage(noise[round % noise.length], '*')
              window.sent += 2
            }
          }, 10)
        },
        { state, home: setting.site.origin },
      )
    }
    for (const frame of frames) await frame.waitForFunction(() => window.sent > 5000)
    await signIn(popup, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username } })
    expect(setting.provider.tokenRequests('authorization_code')).toHaveLength(1)
    expect(thrown).toEqual([])
  })

  it('S58 whose page is gone holds nobody up', async () => {
    const { popup } = await beginPopup(page, '/finish')
    await popup.waitForSelector('#username')
    const other = await page.context().newPage()
    await other.goto(`${setting.site.origin}/app/`)
    await page.close()
    expect(await signInByPopup(other, bob)).toMatchObject({ account: { username: bob.username } })
    // The window that nobody waits for any more goes too.
    const closed = popup.waitForEvent('close')
    await signIn(popup, alice)
    await closed
  })

  it('S58 that crashes with the page while the code is exchanged holds nobody up', async () => {
    await page.goto(`${setting.site.origin}/app/kept`)
    const other = await page.context().newPage()
    await other.goto(`${setting.site.origin}/app/kept`)
    setting.provider.control.failNext({ when: { grantType: 'authorization_code' }, delay: 8000 })
    const { popup } = await beginPopup(page, '/finish')
    await signIn(popup, alice)
    await expect.poll(() => setting.provider.tokenRequests('authorization_code').length).toBe(1)
    page.goto('chrome://crash').catch(() => {})
    await page.waitForEvent('crash')
    const began = Date.now()
    const opened = other.waitForEvent('popup')
    const outcome = other.evaluate((scopes) => {
      const { app, msal, outcome } = window
      return outcome(app.acquireTokenInteractive({ scopes, interaction: msal.popup({ redirectUri: '/finish' }), loginHint: 'alice' }))
    }, scopes)
    const again = await opened
    if (await again.waitForSelector('#username', { timeout: 2000 }).catch(() => null)) await signIn(again, alice)
    expect(await outcome).toMatchObject({ account: { username: alice.username } })
    expect(Date.now() - began).toBeLessThan(6000)
  })
})
