import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startWorker } from '../../playground/worker/start.mjs'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { type Browser, hasChromium, launchChromium, type Page, typeCredentials } from './chromium.ts'
import { environmentOf } from './worker-support.ts'

// The Worker of the playground in workerd, and people in Chromium.
let playground: Playground
let worker: Awaited<ReturnType<typeof startWorker>>
let browser: Browser
const { alice, bob } = users

describe.skipIf(lacks('chromium', hasChromium))('the Worker in workerd', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    playground = await startPlayground({ https: false })
    worker = await startWorker(environmentOf(playground))
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await worker?.close()
    await playground?.close()
  })
  beforeEach(() => {
    playground.provider.settings.accessTokenSeconds = 3600
  })

  const requests = (grantType?: string) => playground.provider.tokenRequests(grantType).length
  const onBehalfOf = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

  /** A person with a browser profile of their own. What the page, the console and the wire show of tokens is kept in `tokens`. */
  async function openBrowser() {
    const context = await browser.newContext()
    const page = await context.newPage()
    const tokens: string[] = []
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    context.on('response', async (response) => {
      if (!response.url().startsWith(worker.url)) return
      const text = await response.text().catch(() => '')
      if (/eyJ[\w-]+\.eyJ|access_token|refresh_token/.test(text)) tokens.push(response.url())
    })
    return { context, page, tokens, complaints }
  }

  async function signIn(page: Page, person: typeof alice, path = '/profile') {
    await page.goto(worker.url + path)
    await typeCredentials(page, person)
    await page.waitForURL(worker.url + path)
  }

  /** Presses the button, and reads what the API has answered. */
  async function ask(page: Page): Promise<Record<string, unknown>> {
    await page.click('#ask')
    await page.waitForFunction(() => document.getElementById('answer')?.textContent?.startsWith('{'))
    const text = await page.textContent('#answer')
    await page.evaluate(() => document.getElementById('answer')?.replaceChildren())
    return JSON.parse(String(text))
  }

  test('signs a person in, asks an API on their behalf, and signs them out', async () => {
    const { context, page, tokens, complaints } = await openBrowser()
    await page.goto(worker.url)
    await page.click('#sign-in')
    await typeCredentials(page, alice)
    await page.waitForURL(`${worker.url}/profile`)
    expect(await page.textContent('#user')).toBe(alice.username)

    const before = requests()
    const { clientId } = playground.provider.clients.api
    const profile = { displayName: alice.name, userPrincipalName: alice.username, calledBy: clientId }
    expect(await ask(page)).toMatchObject({ user: alice.username, profile, apiTokenSource: 'cache', tokenSource: 'identity_provider' })
    expect(await ask(page)).toMatchObject({ user: alice.username, profile, tokenSource: 'cache' })
    expect(requests() - before).toBe(1)

    const own = (await context.cookies(worker.url)).filter(({ name }) => name.startsWith('__Host-'))
    expect(own).toMatchObject([{ name: '__Host-session', httpOnly: true, secure: true, sameSite: 'Lax', path: '/' }])
    expect(await page.evaluate(() => document.cookie)).not.toContain('__Host-')
    expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0)

    await page.click('#sign-out')
    await page.waitForURL(`${worker.url}/`)
    expect(await page.isVisible('#sign-in')).toBe(true)
    expect((await context.cookies(worker.url)).filter(({ name }) => name.startsWith('__Host-'))).toEqual([])
    // At the provider too: it asks for the password again.
    await page.goto(`${worker.url}/profile`)
    expect(await page.isVisible('#password')).toBe(true)
    expect({ tokens, complaints }).toEqual({ tokens: [], complaints: [] })
    await context.close()
  })

  test('renews an expired token with one request, and the token on behalf with another', async () => {
    playground.provider.settings.accessTokenSeconds = 60
    const { context, page } = await openBrowser()
    await signIn(page, alice)
    playground.provider.settings.accessTokenSeconds = 3600
    const before = [requests('refresh_token'), requests(onBehalfOf), requests()]
    // Five times at once; by way of its cache, Chromium would ask one after the other.
    const answers = await page.evaluate(() =>
      Promise.all(Array.from({ length: 5 }, async () => (await fetch('/my/profile', { cache: 'no-store' })).json())),
    )
    expect(answers.map(({ user }) => user)).toEqual(Array(5).fill(alice.username))
    const after = [requests('refresh_token'), requests(onBehalfOf), requests()]
    expect(after.map((count, index) => count - before[index]!)).toEqual([1, 1, 2])
    expect(await ask(page)).toMatchObject({ apiTokenSource: 'cache', tokenSource: 'cache' })
    expect(requests() - before[2]!).toBe(2)
    await context.close()
  })

  test('a person whose refresh token is refused signs in again, and comes back', async () => {
    playground.provider.settings.accessTokenSeconds = 60
    const { context, page } = await openBrowser()
    await signIn(page, alice)
    playground.provider.settings.accessTokenSeconds = 3600
    playground.provider.control.revoke({ user: alice, sessions: true })
    await page.click('#ask')
    await typeCredentials(page, alice)
    await page.waitForURL(`${worker.url}/profile`)
    expect(await ask(page)).toMatchObject({ user: alice.username })
    await context.close()
  })

  test('a person of whom the API behind wants more than a password signs in anew, and has it', async () => {
    const { context, page } = await openBrowser()
    await signIn(page, alice)
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c2' } } })
    const body = { error: 'interaction_required', error_description: 'AADSTS50076: more is needed', error_codes: [50076], claims }
    playground.provider.control.failNext({ when: { grantType: onBehalfOf }, status: 400, body })
    await page.click('#ask')
    await typeCredentials(page, alice)
    await page.waitForURL(`${worker.url}/profile`)
    const asked = playground.provider.requests.filter(({ path }) => path.endsWith('/authorize')).at(-1)
    expect(asked?.parameters.claims).toBe(claims)
    expect(await ask(page)).toMatchObject({ user: alice.username, profile: { userPrincipalName: alice.username } })
    await context.close()
  })

  test('keeps two people in two browsers apart, and a sign-out to one of them', async () => {
    const [one, two] = await Promise.all([openBrowser(), openBrowser()])
    await Promise.all([signIn(one.page, alice), signIn(two.page, bob)])
    for (let round = 0; round < 3; round++) {
      const [first, second] = await Promise.all([ask(one.page), ask(two.page)])
      expect(first).toMatchObject({ user: alice.username, profile: { userPrincipalName: alice.username } })
      expect(second).toMatchObject({ user: bob.username, profile: { userPrincipalName: bob.username } })
    }
    await one.page.click('#sign-out')
    await one.page.waitForURL(`${worker.url}/`)
    expect(await ask(two.page)).toMatchObject({ user: bob.username })
    await Promise.all([one.context.close(), two.context.close()])
  })

  test('a person who declines is told so, and may try again', async () => {
    const { context, page } = await openBrowser()
    await page.goto(`${worker.url}/profile`)
    await page.click('button[value=cancel]')
    await page.waitForURL(`${worker.url}/callback**`)
    expect(await page.textContent('[role=alert]')).toBe('You have not signed in.')
    expect((await context.cookies(worker.url)).filter(({ name }) => name.startsWith('__Host-'))).toEqual([])
    await page.click('text=Try again')
    await page.waitForSelector('#password')
    await context.close()
  })
})

describe('the scheduled job in workerd', () => {
  test('gets a token with its certificate; the next run asks nobody for one', { timeout: 30_000 }, async () => {
    await using playground = await startPlayground({ https: false })
    const worker = await startWorker(environmentOf(playground))
    try {
      expect(await worker.runJob()).toMatchObject({ outcome: 'ok' })
      const [request, ...rest] = playground.provider.tokenRequests()
      expect(rest).toEqual([])
      const { clientId } = playground.provider.clients.daemonCertificate
      expect(request).toMatchObject({ grantType: 'client_credentials', clientId, status: 200 })
      expect(String(request?.parameters.client_assertion)).toMatch(/^eyJ/)
      const before = playground.provider.requests.length
      const calls = playground.api.requests.length
      expect(await worker.runJob()).toMatchObject({ outcome: 'ok' })
      expect(playground.provider.requests.slice(before)).toEqual([])
      expect(playground.api.requests.slice(calls)).toMatchObject([{ path: '/notes', status: 200 }])
      expect(await (await fetch(worker.url)).text()).toMatch(/The scheduled job ran at .+ and saw \d+ notes/)
    } finally {
      await worker.close()
    }
  })
})
