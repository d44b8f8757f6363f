import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'

// The sign-in pages in a real browser: their content security policy must let people through, and nothing may need a mouse.
const executablePath = '/usr/bin/chromium'
const missing = lacks('chromium', existsSync(executablePath))

describe.skipIf(missing)('the sign-in pages in Chromium', () => {
  let playground: Playground
  let browser: Browser
  let app: Server
  let redirectUri: string
  const received: { method: string; body: string }[] = []

  beforeAll(async () => {
    playground = await startPlayground()
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
    app = createServer(async (req, res) => {
      let body = ''
      for await (const chunk of req) body += chunk
      if (req.url?.startsWith('/redirect')) received.push({ method: req.method ?? '', body: body || (req.url ?? '') })
      res.writeHead(200, { 'content-type': 'text/html' }).end('<title>The application</title>')
    }).listen(0, '127.0.0.1')
    await once(app, 'listening')
    redirectUri = `http://localhost:${(app.address() as AddressInfo).port}/redirect`
  })
  afterAll(async () => {
    await browser?.close()
    app?.close()
    await playground?.close()
  })

  function authorizeUrl(parameters: Record<string, string> = {}): string {
    const { provider } = playground
    const all = {
      client_id: provider.clients.web.clientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid profile',
      ...parameters,
    }
    return `${provider.url}/common/oauth2/v2.0/authorize?${new URLSearchParams(all)}`
  }

  async function newPage(): Promise<{ page: Page; complaints: string[] }> {
    const page = await (await browser.newContext()).newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('favicon')) complaints.push(message.text())
    })
    return { page, complaints }
  }

  test('a person signs in with the keyboard alone, after a wrong password', async () => {
    const { page, complaints } = await newPage()
    await page.goto(authorizeUrl())
    // The page gives the focus a moment after it has loaded.
    await page.waitForSelector('#username:focus')
    await page.keyboard.type(users.alice.username)
    await page.keyboard.press('Tab')
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    expect(await page.getByRole('alert').textContent()).toContain('incorrect')
    expect(await page.inputValue('#username')).toBe(users.alice.username)
    await page.waitForSelector('#password:focus')
    await page.keyboard.type(users.alice.password)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.href.startsWith(redirectUri))
    expect(new URL(page.url()).searchParams.get('code')).toBeTruthy()
    expect(complaints).toEqual([])
  })

  test('form_post reaches the application', async () => {
    const { page, complaints } = await newPage()
    await page.goto(authorizeUrl({ response_mode: 'form_post', state: 'x"<y' }))
    await page.fill('#username', users.carol.username)
    await page.fill('#password', users.carol.password)
    await page.click('button[type=submit]')
    await page.waitForURL(redirectUri)
    const { method, body } = received.at(-1) ?? { method: '', body: '' }
    expect([method, new URLSearchParams(body).get('state'), new URLSearchParams(body).has('code')]).toEqual(['POST', 'x"<y', true])
    expect(complaints).toEqual([])
  })

  test('the session signs in silently, another account can be picked, and signing out ends it', async () => {
    const { page, complaints } = await newPage()
    await page.goto(authorizeUrl({ login_hint: users.alice.username }))
    await page.fill('#password', users.alice.password)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.searchParams.has('code'))
    await page.goto(authorizeUrl({ prompt: 'none' }))
    expect(new URL(page.url()).searchParams.has('code')).toBe(true)

    await page.goto(authorizeUrl({ prompt: 'select_account' }))
    await page.getByRole('button', { name: 'another account' }).click()
    await page.fill('#username', users.carol.username)
    await page.fill('#password', users.carol.password)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.searchParams.has('code'))

    await page.goto(
      `${playground.provider.url}/common/oauth2/v2.0/logout?${new URLSearchParams({ post_logout_redirect_uri: redirectUri })}`,
    )
    await page.waitForURL(redirectUri)
    await page.goto(authorizeUrl({ prompt: 'none' }))
    expect(new URL(page.url()).searchParams.get('error')).toBe('login_required')
    expect(complaints).toEqual([])
  })
})
