import type * as core from '../../../src/core/index.ts'
import type * as browserEntry from '../../../src/browser/index.ts'
import { type Browser, launchChromium, type Page, typeCredentials } from '../../e2e/chromium.ts'
import { type ProxiedProvider, startProxiedProvider } from './provider-proxy.ts'
import { type Site, startSite } from './site.ts'

export { hasChromium } from '../../e2e/chromium.ts'
export { tenants, users } from '../../support/provider.ts'
export type { Page }

/** What the pages of `pages/app.js` expose. */
declare global {
  interface Window {
    msal: typeof core & typeof browserEntry
    app: core.PublicClientApplication
    createApp(options?: Partial<core.PublicClientOptions>): core.PublicClientApplication
    outcome(promise: Promise<unknown>): Promise<Outcome | null>
    /** What the page's own `completeRedirect` came to. */
    started: Promise<Outcome | null>
    /** The address at which the application showed itself. */
    rendered?: string
  }
}

/** A result or an error, as it leaves a page. */
export type Outcome = Partial<core.UserResult> & { name?: string; code?: string; action?: string; message?: string }

/** Real Chromium, the provider and an application's site: three origins. */
export interface Setting {
  provider: ProxiedProvider
  site: Site
  browser: Browser
  /** Opens a page in a fresh browser profile. */
  open(path?: string, origin?: string): Promise<Page>
  close(): Promise<void>
}

export const scopes = ['User.Read']

export async function startSetting({ args = [] as string[], tenant = 'contoso' as const } = {}): Promise<Setting> {
  const provider = await startProxiedProvider()
  const clientId = provider.clients.spa.clientId
  const site = await startSite({ clientId, authority: provider.authority(provider.tenants[tenant]) })
  const browser = await launchChromium(args)
  return {
    provider,
    site,
    browser,
    async open(path = '/app/', origin = site.origin) {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(origin + path)
      return page
    },
    async close() {
      await browser.close()
      await Promise.all([provider.close(), site.close()])
    },
  }
}

/** Waits for the sign-in page and signs in, as a person does. */
export async function signIn(page: Page, person: { username: string; password: string }): Promise<void> {
  await page.waitForSelector('#username')
  await typeCredentials(page, person)
}
