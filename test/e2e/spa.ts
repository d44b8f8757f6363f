import { expect } from 'vitest'
import { type Site, startSite } from '../../playground/spa/site.mjs'
import { type Playground, startPlayground } from '../support/provider.ts'
import type { Person } from '../support/sign-in.ts'
import { type Browser, launchChromium, type Page, type Response, typeCredentials } from './chromium.ts'

/** The sample page as `npm start` serves it, in real Chromium. */
export interface Sample extends Playground {
  site: Site
  browser: Browser
}

export async function startSample(): Promise<Sample> {
  const playground = await startPlayground()
  const site = await startSite(playground)
  // As a person's browser is: it blocks popups.
  const browser = await launchChromium([], { ignoreDefaultArgs: ['--disable-popup-blocking'] })
  async function close(): Promise<void> {
    await browser.close()
    await Promise.all([site.close(), playground.close()])
  }
  return { ...playground, site, browser, close, [Symbol.asyncDispose]: close }
}

/** What a person does on the page, and what they see. */
export class Visit {
  readonly page: Page
  /** What must never be seen: tokens, their parts, codes and verifiers. */
  readonly secrets = new Set<string>()
  /** Answers are read beside what the page does with them. */
  readonly #reads: Promise<void>[] = []
  /** What the browser complained of: a violated policy, an uncaught error. */
  readonly complaints: string[] = []

  private constructor(page: Page) {
    this.page = page
    const read = async (response: Response) => {
      if (!response.url().endsWith('/oauth2/v2.0/token') || response.request().method() !== 'POST') return
      const form = new URLSearchParams(response.request().postData() ?? '')
      const answer = await response.json().catch(() => ({}))
      for (const name of ['access_token', 'refresh_token', 'id_token']) this.#hide(answer[name])
      for (const name of ['code', 'code_verifier', 'refresh_token']) this.#hide(form.get(name))
    }
    page.context().on('response', (response) => this.#reads.push(read(response)))
    page.on('pageerror', ({ message }) => this.complaints.push(message))
    page.on('console', (message) => {
      // A refused request is the provider's and the API's business.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.complaints.push(message.text())
    })
  }

  static async begin({ browser, site }: Sample, options: { colorScheme?: 'light' | 'dark' } = {}): Promise<Visit> {
    const context = await browser.newContext(options)
    const visit = new Visit(await context.newPage())
    await visit.page.goto(site.url)
    await visit.idle()
    return visit
  }

  #hide(secret: string | null | undefined): void {
    for (const part of secret ? [secret, ...secret.split('.')] : []) if (part.length > 16) this.secrets.add(part)
  }

  button(name: string) {
    return this.page.getByRole('button', { name, exact: true })
  }

  async press(name: string): Promise<void> {
    await this.button(name).click()
    await this.idle()
  }

  /** Waits until nothing is under way. */
  idle(): Promise<unknown> {
    return this.page.waitForSelector('#timeline > li').then(() => this.page.waitForSelector('body:not([data-busy])'))
  }

  /** Presses a button that opens the provider's page in a popup. */
  async popup(name: string): Promise<Page> {
    const opened = this.page.waitForEvent('popup')
    await this.button(name).click()
    return opened
  }

  async signInByPopup(name: string, person: Person): Promise<void> {
    const popup = await this.popup(name)
    const closed = popup.waitForEvent('close')
    await popup.waitForSelector('#username')
    await typeCredentials(popup, person)
    await closed
    await this.idle()
  }

  /** Presses a button that leaves the page for the provider, signs in there, and is back. */
  async signInByRedirect(name: string, person: Person): Promise<void> {
    const { origin } = new URL(this.page.url())
    await this.button(name).click()
    await this.page.waitForSelector('#username')
    await typeCredentials(this.page, person)
    await this.page.waitForURL(`${origin}/`)
    await this.idle()
  }

  /** Presses a button that leaves the page for the provider, which sends the person back at once. */
  async leave(name: string): Promise<void> {
    const home = this.page.url()
    const back = this.page.waitForEvent('framenavigated', (frame) => frame.url() === home)
    await this.button(name).click()
    await back
    await this.idle()
  }

  choose(label: string): Promise<void> {
    return this.page.getByRole('radio', { name: label }).check({ force: true })
  }

  /** The account that is chosen; null: none. */
  async active(): Promise<string | null> {
    const chosen = this.page.locator('.account:has(:checked) strong')
    return (await chosen.count()) ? chosen.textContent() : null
  }

  /** The latest thing that happened, and its requests: `POST 200 authorization_code`. */
  async latest(): Promise<{ title: string | null; outcome: string; requests: string[] }> {
    const item = this.page.locator('#timeline > li').first()
    const requests = await item.locator('.request').evaluateAll((rows) =>
      rows.map((row) =>
        ['.method', '.status', '.grant']
          .map((part) => row.querySelector(part)?.textContent ?? '')
          .join(' ')
          .trim(),
      ),
    )
    const outcome = (await item.locator('.outcome').evaluate((line) => line.firstChild?.textContent)) ?? ''
    return { title: await item.locator('h3').textContent(), outcome, requests }
  }

  /** Nothing in the document, in a field or in what is kept for the tab is a secret. */
  async expectDiscreet(): Promise<void> {
    for (const details of await this.page.locator('details:not([open])').all())
      if (await details.isVisible()) await details.locator('summary').click()
    const text = await this.page.evaluate(() => {
      const fields = [...document.querySelectorAll('input')].map(({ value }) => value)
      return [
        document.documentElement.outerHTML,
        document.title,
        location.href,
        JSON.stringify({ ...sessionStorage, ...localStorage }),
        ...fields,
      ].join('\n')
    })
    await Promise.all(this.#reads)
    expect(this.secrets.size).toBeGreaterThan(3)
    expect([...this.secrets].filter((secret) => text.includes(secret))).toEqual([])
    expect(text).not.toMatch(/eyJ[\w-]{8,}/)
  }
}
