import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Person } from '../support/sign-in.ts'

export type { Browser, Page }

const executablePath = '/usr/bin/chromium'
const args =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

export const hasChromium = existsSync(executablePath)

export function launchChromium(more: string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...args.split(' '), ...more] })
}

/** Types what the sign-in page asks for, as a person would, and sends it. */
export async function typeCredentials(page: Page, { username, password }: Person): Promise<void> {
  await page.fill('#username', username)
  await page.fill('#password', password)
  await page.keyboard.press('Enter')
}

/** The heading of the page that is shown once nothing moves any more: the loopback page at the end of a sign-in. */
export async function loopbackHeading(page: Page): Promise<string | null> {
  await page.waitForURL((url) => url.pathname === '/')
  return page.textContent('h1')
}
