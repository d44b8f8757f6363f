import type * as browserEntry from '../../../src/browser/index.ts'
import type * as core from '../../../src/core/index.ts'
import { type Browser, launchChromium, type Page, typeCredentials } from '../../e2e/chromium.ts'
import type { Person } from '../../support/sign-in.ts'
import { type ProxiedProvider, startProxiedProvider } from './provider-proxy.ts'
import { type Site, startSite } from './site.ts'

export { hasChromium } from '../../e2e/chromium.ts'
export { tenants, users } from '../../support/provider.ts'
export type { Page }

/** What the pages of `pages/app.js` expose. */
declare global {
  interface Window {
    msal: typeof core & typeof browserEntry
    config: { clientId: string; authority: string }
    app: core.PublicClientApplication
    tokenCache: core.TokenCache
    createApp(options?: Partial<core.PublicClientOptions>): core.PublicClientApplication
    outcome(promise: Promise<unknown>): Promise<Outcome | null>
    /** What the page's own `completeRedirect` came to, and that of another client on the page. */
    started: Promise<Outcome | null>
    otherStarted: Promise<Outcome | null>
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
  // As a person's browser is: it blocks popups.
  const ignoreDefaultArgs = ['--disable-popup-blocking']
  const browser = await launchChromium(args, { ignoreDefaultArgs })
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
      // Nothing that a page of ours sends may cost a CORS preflight.
      const asked = provider.requests.filter(({ method }) => method === 'OPTIONS').map(({ path }) => path)
      if (asked.length) throw new Error(`The browser asked before it sent: ${asked.join(', ')}`)
    },
  }
}

/** Waits for the sign-in page and signs in, as a person does. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.waitForSelector('#username')
  await typeCredentials(page, person)
}

/** What came of the page's own `completeRedirect`, once it is there. */
export async function startedOn(page: Page): Promise<Outcome | null> {
  await page.waitForFunction(() => window.started)
  return page.evaluate(() => window.started)
}

/** Begins a sign-in in a click, and waits for its popup. `outcome` has to be awaited in the end. */
export async function beginPopup(
  page: Page,
  redirectUri?: string,
  timeout?: number,
): Promise<{ popup: Page; outcome: Promise<Outcome | null> }> {
  const opened = page.waitForEvent('popup')
  const outcome = page.evaluate(
    ({ redirectUri, scopes, timeout }) => {
      const { app, msal, outcome } = window
      const interaction = msal.popup(redirectUri ? { redirectUri } : {})
      return outcome(app.acquireTokenInteractive({ scopes, interaction, ...(timeout && { timeout }) }))
    },
    { redirectUri, scopes, timeout },
  )
  // A test that fails before must not fail twice.
  outcome.catch(() => {})
  return { popup: await opened, outcome }
}

/** Signs a person in by a popup. */
export async function signInByPopup(page: Page, person: Person, redirectUri = '/finish'): Promise<Outcome | null> {
  const { popup, outcome } = await beginPopup(page, redirectUri)
  await signIn(popup, person)
  return outcome
}
