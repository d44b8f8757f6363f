import type { PublicClientOptions } from '../../../src/core/index.ts'
import { type Browser, launchChromium, type Page } from '../../e2e/chromium.ts'
import { type Playground, signIn, startPlayground, users } from '../../support/provider.ts'
import type {} from './page.ts'
import { type Site, startSite } from './site.ts'

export type { Page }
export type User = (typeof users)['alice']
export const scopes = ['User.Read']

/** Tabs of one browser profile in real Chromium, an application's site, and the provider. */
export interface Tabs extends Playground {
  site: Site
  browser: Browser
  /** Opens tabs of a fresh profile; `before` runs in each before everything else. */
  open(count?: number, before?: () => void): Promise<Page[]>
  /** Signs a person in on a page, whose provider's part is done outside. */
  signIn(page: Page, user?: User): Promise<string>
}

export async function startTabs(): Promise<Tabs> {
  const [playground, site, browser] = await Promise.all([startPlayground({ https: false }), startSite(), launchChromium()])
  const { provider } = playground
  const options: PublicClientOptions = {
    clientId: provider.clients.spa.clientId,
    authority: provider.authority(provider.tenants.contoso),
    knownAuthorities: [new URL(provider.url).host],
  }
  return {
    ...playground,
    site,
    browser,
    async open(count = 1, before) {
      const context = await browser.newContext()
      await context.addInitScript({ content: `globalThis.options = ${JSON.stringify(options)}` })
      if (before) await context.addInitScript(before)
      return await Promise.all(Array.from({ length: count }, async () => await load(await context.newPage(), site)))
    },
    async signIn(page, user = users.alice) {
      const redirectUri = `${site.origin}/`
      const flow = await page.evaluate((wanted) => tab.app.initiateAuthCodeFlow({ ...wanted, responseMode: 'fragment' }), {
        scopes,
        redirectUri,
      })
      const { url } = await signIn(flow.authUri, user)
      return await page.evaluate(
        async (answer) => {
          const { account } = await tab.app.acquireTokenByAuthCodeFlow(answer)
          return account.homeAccountId
        },
        { flow, response: url },
      )
    },
    async close() {
      await browser.close()
      await Promise.all([playground.close(), site.close()])
    },
  }
}

/** Loads, or reloads, an application. */
export async function load(page: Page, site: Site): Promise<Page> {
  await page.goto(site.origin)
  await page.waitForFunction('globalThis.openApp')
  await page.evaluate('void (globalThis.tab = openApp(options))')
  return page
}

/** A token for the first account; what went wrong where there is none. */
export const silently = (page: Page, forceRefresh = false): Promise<string> =>
  page.evaluate(
    async ([scopes, forceRefresh]) => {
      const [account] = await tab.app.getAccounts()
      const result = await tab.app.acquireTokenSilent({ scopes, account, forceRefresh }).catch((error) => ({ accessToken: error.code }))
      return result?.accessToken ?? 'none'
    },
    [scopes, forceRefresh] as const,
  )

/** Who the page shows. */
export const shown = (page: Page): Promise<string> =>
  page.evaluate(() =>
    tab.accounts
      .get()
      .map(({ username }) => username)
      .join(),
  )
