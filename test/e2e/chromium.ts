import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type LaunchOptions, type Page, type Response } from 'playwright-core'
import type { Person } from '../support/sign-in.ts'

export type { Browser, Page, Response }

const executablePath = '/usr/bin/chromium'
const args =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

export const hasChromium = existsSync(executablePath)

export function launchChromium(more: string[] = [], options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...args.split(' '), ...more], ...options })
}

/** The same with a profile on disk, whose settings a test may have written. */
export function launchProfile(folder: string, options: LaunchOptions = {}): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { executablePath, args: args.split(' '), ignoreHTTPSErrors: true, ...options })
}

/** Types what the sign-in page asks for, as a person would, and sends it. */
export async function typeCredentials(page: Page, { username, password }: Person): Promise<void> {
  await page.fill('#username', username)
  await page.fill('#password', password)
  await page.keyboard.press('Enter')
}

/** Closes a window as a person does, who has looked at it first: a popup's opener must have seen it open (`src/browser/popup-window.ts`). */
export async function closeAfterLook(page: Page): Promise<void> {
  await page.waitForTimeout(500)
  await page.close()
}

/** The heading of the page that is shown once nothing moves any more: the loopback page at the end of a sign-in. */
export async function loopbackHeading(page: Page): Promise<string | null> {
  await page.waitForURL((url) => url.pathname === '/')
  return page.textContent('h1')
}
