import { once } from 'node:events'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import type { Person } from '../support/sign-in.ts'
import { type Browser, hasChromium, launchChromium, loopbackHeading, type Page, typeCredentials } from './chromium.ts'
import { Cli, type Run, type RunningCli } from './cli.ts'

// The program as a person uses it: a process of its own, a browser, and the provider and the API over HTTP.
const { contoso, fabrikam } = tenants
const { alice, carol, gina } = users
const received = 'Sign-in received'

describe.skipIf(lacks('chromium', hasChromium))('node playground/node-cli', { timeout: 60_000 }, () => {
  let playground: Playground
  let browser: Browser
  let cli: Cli

  beforeAll(async () => {
    playground = await startPlayground({ https: false })
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await playground?.close()
  })
  beforeEach(async () => {
    cli = await Cli.of(playground)
  })
  afterEach(async () => {
    const { control, settings } = playground.provider
    control.clearFaults()
    settings.rotationGraceSeconds = Number.POSITIVE_INFINITY
    await cli.remove()
  })

  /** Runs the program and lets `visit` do what the person does in a browser of their own. */
  async function withPerson(args: string[], visit: (page: Page) => Promise<void>): Promise<Run> {
    return visitedBy(cli.start(['--no-browser', ...args]), visit)
  }

  async function visitedBy(running: RunningCli, visit: (page: Page) => Promise<void>, address = running.address): Promise<Run> {
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(await address)
      await visit(page)
      const run = await running.ended
      await cli.expectDiscreet(run)
      return run
    } finally {
      running.interrupt()
      await context.close()
    }
  }

  const signIn = (person: Person, args: string[] = []) =>
    withPerson(args, async (page) => {
      await typeCredentials(page, person)
      expect(await loopbackHeading(page)).toBe(received)
    })

  /** What the provider was asked while `task` ran. */
  async function requestsDuring(task: () => Promise<void>): Promise<string[]> {
    const { requests } = playground.provider
    const before = requests.length
    await task()
    return requests.slice(before).map(({ method, path, grantType }) => [method, path, grantType].filter(Boolean).join(' '))
  }

  const refresh = 'POST /common/oauth2/v2.0/token refresh_token'

  test('signs in, answers from the file, and asks once when the token has expired', async () => {
    const posted: string[] = []
    const first = await withPerson([], async (page) => {
      page.on('request', (request) => {
        if (new URL(request.url()).pathname === '/') posted.push(request.method())
      })
      await typeCredentials(page, alice)
      expect(await loopbackHeading(page)).toBe(received)
    })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/Signed in +Alice Ahlgren \(alice@contoso\.example\)/)
    expect(first.stdout).toMatch(/Token +from the provider/)
    expect(first.stdout).toContain('Welcome, Alice Ahlgren.')
    expect(posted).toEqual(['POST'])

    const second = await requestsDuring(async () => {
      const { code, stdout } = await cli.run()
      expect(code).toBe(0)
      expect(stdout).toMatch(/Token +from the cache/)
      expect(stdout).toContain('Welcome, Alice Ahlgren.')
    })
    expect(second).toEqual([])

    await cli.expire()
    const third = await requestsDuring(async () => {
      const { code, stdout } = await cli.run()
      expect(code).toBe(0)
      expect(stdout).toMatch(/Token +from the provider/)
    })
    expect(third).toEqual([refresh])
    expect(await requestsDuring(async () => void (await cli.run()))).toEqual([])
  })

  test('opens the browser by itself', async () => {
    const opener = join(cli.environment, '..', 'browser')
    await writeFile(opener, '#!/bin/sh\nprintf %s "$1" > "$OPENED"\n')
    await chmod(opener, 0o700)
    const opened = `${opener}-opened`
    const running = cli.start([], { env: { BROWSER: opener, OPENED: opened } })
    await expect.poll(() => readFile(opened, 'utf8').catch(() => ''), { timeout: 10_000 }).toContain('/authorize?')
    const address = readFile(opened, 'utf8')
    const run = await visitedBy(
      running,
      async (page) => {
        await typeCredentials(page, alice)
        expect(await loopbackHeading(page)).toBe(received)
      },
      address,
    )
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('Welcome, Alice Ahlgren.') })
    expect(run.stdout).not.toContain('/authorize?')
  })

  test('only its owner can read its files, and the one for HTTP holds neither a token nor a name', async () => {
    await signIn(alice)
    const modes = await Promise.all([cli.home, cli.file('token-cache.json'), cli.file('http-cache.json')].map((path) => stat(path)))
    expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['700', '600', '600'])
    const text = await readFile(cli.file('http-cache.json'), 'utf8')
    expect(text).toContain('/common/v2.0/.well-known/openid-configuration')
    expect(text).not.toMatch(/alice|eyJ/i)
    for (const { secret } of await cli.entries('RefreshToken')) expect(text).not.toContain(secret)
  })

  test('the tokens are in the file before the API is called, so that nothing that happens there costs them', async () => {
    const kept: number[] = []
    const api = createServer(async (_request, response) => {
      kept.push((await cli.entries('RefreshToken')).length)
      response.destroy()
    }).listen(0, '127.0.0.1')
    await once(api, 'listening')
    const environment = JSON.parse(await readFile(cli.environment, 'utf8'))
    const { port } = api.address() as AddressInfo
    await writeFile(cli.environment, JSON.stringify({ ...environment, api: `http://localhost:${port}/notes` }))
    const { code, stderr } = await signIn(alice)
    api.close()
    expect({ code, stderr }).toEqual({ code: 1, stderr: `The API at http://localhost:${port} cannot be reached.\n` })
    expect(kept).toEqual([1])
  })

  test('--force gets a new token although the cached one is good', async () => {
    await signIn(alice)
    const requests = await requestsDuring(async () => {
      expect((await cli.run(['--force'])).stdout).toMatch(/Token +from the provider/)
    })
    expect(requests).toEqual([refresh])
  })

  test('--logout forgets, so that the next run asks again', async () => {
    await signIn(alice)
    const { code, stdout } = await cli.run(['--logout'])
    expect(code).toBe(0)
    expect(stdout).toContain('Forgot Alice Ahlgren')
    expect(await cli.entries('RefreshToken')).toEqual([])
    expect(await cli.entries('AccessToken')).toEqual([])
    expect(await cli.entries('Account')).toEqual([])

    expect((await cli.run(['--logout'])).stdout).toBe('Nobody is signed in.\n')
    expect(await signIn(alice)).toMatchObject({ code: 0 })
  })

  test('the address that --logout prints ends the session in the browser', async () => {
    await using context = await browser.newContext()
    const page = await context.newPage()
    const open = async () => {
      const running = cli.start(['--no-browser'])
      await page.goto(await running.address)
      return running
    }
    const first = await open()
    await typeCredentials(page, alice)
    await first.ended
    await cli.run(['--logout'])

    // The browser still knows the person: nothing is asked.
    expect(await (await open()).ended).toMatchObject({ code: 0 })
    const { stdout } = await cli.run(['--logout'])
    await page.goto(/open (\S+)/.exec(stdout)?.[1] ?? '')
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()

    const last = await open()
    await page.waitForSelector('#password')
    last.interrupt()
    expect(await last.ended).toMatchObject({ code: 130 })
  })

  test('a wrong password is said on the page and can be corrected', async () => {
    const { code, stdout } = await withPerson([], async (page) => {
      await typeCredentials(page, { ...alice, password: 'wrong' })
      expect(await page.getByRole('alert').textContent()).toContain('incorrect')
      await page.fill('#password', alice.password)
      await page.keyboard.press('Enter')
      expect(await loopbackHeading(page)).toBe(received)
    })
    expect(code).toBe(0)
    expect(stdout).toContain('Welcome, Alice Ahlgren.')
  })

  test('cancelling on the page ends it with a clear word and nothing stored', async () => {
    const { code, stderr } = await withPerson([], async (page) => {
      await page.getByRole('button', { name: 'Cancel' }).click()
      expect(await loopbackHeading(page)).toBe('Sign-in was not completed')
    })
    expect(code).toBe(3)
    expect(stderr).toBe('The sign-in was cancelled (access_denied).\n')
    expect(await cli.entries('Account')).toEqual([])
  })

  test('two accounts live side by side, and the one that was used last goes on', async () => {
    await signIn(alice)
    expect((await signIn(carol, ['--login'])).stdout).toMatch(/Signed in +Carol Castillo/)
    const requests = await requestsDuring(async () => {
      expect((await cli.run()).stdout).toMatch(/Signed in +Carol Castillo/)
      expect((await cli.run(['--user', 'ALICE@contoso.example'])).stdout).toMatch(/Signed in +Alice Ahlgren/)
      expect((await cli.run()).stdout).toMatch(/Signed in +Alice Ahlgren/)
      const { stdout } = await cli.run(['--accounts'])
      expect(stdout.split('\n').sort()).toEqual([
        '',
        `  Carol Castillo (${carol.username}), tenant ${fabrikam.id}`,
        `* Alice Ahlgren (${alice.username}), tenant ${contoso.id}`,
      ])
    })
    expect(requests).toEqual([])

    expect((await cli.run(['--logout'])).stdout).toContain('Forgot Alice Ahlgren')
    expect((await cli.run()).stdout).toMatch(/Signed in +Carol Castillo/)
    expect((await cli.run(['--logout', '--user', alice.username])).stdout).toBe(`${alice.username} is not signed in.\n`)
  })

  test('--login shows the account picker of a browser that knows the person', async () => {
    await using context = await browser.newContext()
    const page = await context.newPage()
    for (const visit of [
      () => typeCredentials(page, alice),
      async () => {
        expect(await page.textContent('h1')).toBe('Pick an account')
        await page.getByRole('button', { name: alice.username }).click()
      },
    ]) {
      const running = cli.start(['--no-browser', '--login'])
      await page.goto(await running.address)
      await visit()
      expect(await running.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/Signed in +Alice/) })
    }
    expect(await cli.entries('Account')).toHaveLength(1)
  })

  test('--tenant works in another tenant of the person, without asking', async () => {
    await signIn(gina)
    const requests = await requestsDuring(async () => {
      const { code, stdout } = await cli.run(['--tenant', fabrikam.domain])
      expect(code).toBe(0)
      expect(stdout).toContain(`"tenant": "${fabrikam.id}"`)
    })
    expect(requests.filter((request) => request.includes('/token'))).toEqual([`POST /${fabrikam.id}/oauth2/v2.0/token refresh_token`])
  })

  test('a claims challenge that the provider can meet is met without asking', async () => {
    await signIn(alice)
    const requests = await requestsDuring(async () => {
      const { code, stdout } = await cli.run(['--challenge'])
      expect(code).toBe(0)
      expect(stdout).toContain('claims challenge')
      expect(stdout).toMatch(/API +200/)
    })
    expect(requests).toEqual([refresh])
  })

  test('a claims challenge that takes a new sign-in opens the page again, once', async () => {
    await signIn(alice)
    const { code, stdout } = await withPerson(['--step-up'], async (page) => {
      expect(await page.inputValue('#username')).toBe(alice.username)
      await page.fill('#password', alice.password)
      await page.keyboard.press('Enter')
      expect(await loopbackHeading(page)).toBe(received)
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/API +200/)
    expect((await cli.run(['--step-up'])).code).toBe(0)
  })

  test('a revoked session asks again instead of failing', async () => {
    await signIn(alice)
    playground.provider.control.revoke({ user: alice, sessions: true })
    await cli.expire()
    expect((await signIn(alice)).stdout).toMatch(/Token +from the provider/)
  })

  test('Ctrl+C while the person is at the page ends it, and its port', async () => {
    const running = cli.start(['--no-browser'])
    const address = new URL(await running.address)
    const loopback = address.searchParams.get('redirect_uri') ?? ''
    expect((await fetch(loopback)).status).toBe(404)
    running.interrupt()
    const run = await running.ended
    expect(run).toMatchObject({ code: 130, stderr: expect.stringContaining('Interrupted.') })
    await cli.expectDiscreet(run)
    await expect(fetch(loopback)).rejects.toThrow()
  })

  test('Ctrl+C during a refresh keeps the refresh token that replaced the old one', async () => {
    const { control, settings, requests } = playground.provider
    settings.rotationGraceSeconds = 0
    await signIn(alice)
    const [before] = await cli.entries('RefreshToken')
    await cli.expire()
    control.failNext({ when: { grantType: 'refresh_token' }, delay: 1_000 })
    const seen = requests.length
    const running = cli.start(['--no-browser'])
    await expect.poll(() => requests.length, { timeout: 10_000 }).toBeGreaterThan(seen)
    running.interrupt()
    expect(await running.ended).toMatchObject({ code: 130 })
    const [after] = await cli.entries('RefreshToken')
    expect(after?.secret).toBeTruthy()
    expect(after?.secret).not.toBe(before?.secret)
    expect(await cli.run(['--force'])).toMatchObject({ code: 0 })
  })

  test('a provider that is away is said, with what to do', async () => {
    await signIn(alice)
    await cli.expire()
    playground.provider.control.failNext({ drop: true, times: 2 })
    const { code, stderr } = await cli.run()
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Error unreachable: .+\nWhat to do: .+npm start.+\nCorrelation id: .+\n$/)
  })

  test('a refused client says what to do', async () => {
    await signIn(alice)
    await cli.expire()
    const body = { error: 'unauthorized_client', error_description: 'AADSTS700016: unknown', error_codes: [700016] }
    playground.provider.control.failNext({ status: 400, body })
    const { code, stderr } = await cli.run()
    expect(code).toBe(2)
    expect(stderr).toContain('unauthorized_client (AADSTS700016)')
    expect(stderr).toContain('What to do: Check the client id')
  })
})
