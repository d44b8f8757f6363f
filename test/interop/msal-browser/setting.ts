import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Provider, startProvider, tenants } from '../../../playground/provider/index.mjs'
import { launchProfile, type Page, typeCredentials } from '../../e2e/chromium.ts'
import type { Person } from '../../support/sign-in.ts'
import type { Seen } from './app.ts'
import { type Site, startSite } from './site.ts'

export type Arrived = { peer: Seen | null; ours: Seen | null }

/** The provider over HTTPS and an application's pages on another site. */
export interface Setting {
  provider: Provider
  site: Site
  /** Opens the application in a new browser profile, which `close` removes. */
  open(): Promise<{ page: Page; close(): Promise<void> }>
  close(): Promise<void>
}

export async function startSetting(): Promise<Setting> {
  const provider = await startProvider()
  const authority = provider.authority(tenants.contoso, { https: true })
  const site = await startSite({ clientId: provider.clients.spa.clientId, authority, protocolMode: 'AAD' })
  return {
    provider,
    site,
    async open() {
      const profile = await mkdtemp(join(tmpdir(), 'msal-browser-'))
      await mkdir(join(profile, 'Default'))
      // A hidden frame of another site is signed in only where its cookies are let through; Debian's Chromium blocks them.
      const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } }
      await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
      const context = await launchProfile(profile)
      const page = await context.newPage()
      await page.goto(`${site.origin}/app`)
      return {
        page,
        async close() {
          await context.close()
          await rm(profile, { recursive: true, force: true })
        },
      }
    },
    async close() {
      await Promise.all([provider.close(), site.close()])
    },
  }
}

/** What the page's own part of a redirect came to. */
export async function arrived(page: Page): Promise<Arrived> {
  await page.waitForFunction(() => window.arrived)
  return page.evaluate(() => window.arrived)
}

/** Runs what opens a popup, and types what the popup asks for; it has to close by itself. */
export async function throughPopup(page: Page, person: Person, begin: () => Promise<Seen | null>): Promise<Seen | null> {
  const opened = page.waitForEvent('popup')
  const result = begin()
  // A test that fails before must not fail twice.
  result.catch(() => {})
  const popup = await opened
  const closed = popup.waitForEvent('close')
  await popup.waitForSelector('#username')
  await typeCredentials(popup, person)
  const seen = await result
  await closed
  return seen
}
