import { afterAll, beforeAll, describe, test } from 'vitest'
import { type AnswerAt, type ContractCheck, interactionContract } from '../../src/testing/index.ts'
import { type Site, startSite } from '../browser/support/site.ts'
import { type Browser, hasChromium, launchChromium, type Page } from '../e2e/chromium.ts'
import { lacks } from '../support/require.ts'

declare global {
  interface Window {
    answerAt: AnswerAt
    checks: ContractCheck[]
  }
}

const names = interactionContract(() => Promise.reject(new Error('Only the names are wanted.'))).map(({ name }) => name)

const program = `
  import { popup } from '/dist/browser.js'
  import { interactionContract } from '/dist/testing.js'
  window.checks = interactionContract((answerAt) => {
    window.answerAt = answerAt
    return popup({ redirectUri: '/finish' })
  })`

/** The checks run in a page; what the popup shows of the provider is what the check of the moment answers with. */
describe.skipIf(lacks('chromium', hasChromium))('popup() in Chromium', () => {
  let site: Site
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    site = await startSite()
    browser = await launchChromium()
    const context = await browser.newContext()
    page = await context.newPage()
    await context.route('https://login.microsoftonline.com/**', async (route) => {
      try {
        const { url } = await page.evaluate((shown) => window.answerAt(shown), route.request().url())
        await route.fulfill({ contentType: 'text/html', body: `<!doctype html><script>location.replace(${JSON.stringify(url)})</script>` })
      } catch (error) {
        // The popup is gone, or all is over while nobody is there to answer.
        if (!/closed|aborted|handled/i.test(String(error))) throw error
      }
    })
    await page.goto(`${site.origin}/contract`)
    await page.addScriptTag({ type: 'module', content: program })
    await page.waitForFunction(() => window.checks)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })

  test.each(names)('%s', async (name) => {
    await page.evaluate((wanted) => window.checks.find((check) => check.name === wanted)!.run(), name)
  })
})
