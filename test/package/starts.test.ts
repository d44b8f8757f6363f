import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { PublicClientApplication } from 'msal-isomorphic'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Client, ProviderOptions } from '../../playground/provider/index.mjs'
import { hasChromium, launchChromium, typeCredentials } from '../e2e/chromium.ts'
import { Visitor } from '../e2e/worker-support.ts'
import { type Playground, signIn, startPlayground, tenants, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { Reader, replaced } from './starts-support.ts'
import { emptyFolder, installTarball } from './support.ts'

// The README's five starts, as a reader follows them: from the packed tarball, in an empty folder, against the local provider.
const { alice } = users

describe.skipIf(process.platform === 'win32')('a start of the README works as written:', { timeout: 90_000 }, () => {
  const cleanups: (() => Promise<void>)[] = []
  let installed: string

  beforeAll(async () => {
    installed = await emptyFolder((clean) => cleanups.push(clean))
    await installTarball(installed)
  }, 180_000)
  afterAll(async () => {
    for (const clean of cleanups) await clean()
  })

  async function follow(heading: string): Promise<Reader> {
    const reader = await Reader.create(heading, installed)
    onTestFinished(() => reader.stop())
    return reader
  }

  async function cloud(options: ProviderOptions = {}): Promise<Playground> {
    const playground = await startPlayground({ https: false, ...options })
    onTestFinished(() => playground.close())
    return playground
  }

  test.skipIf(lacks('chromium', hasChromium))('a page in a browser', async () => {
    const { provider } = await cloud()
    const reader = await follow('A page in a browser')
    await reader.writeFiles((text) => replaced(text, provider, provider.clients.spa))
    const { output } = await reader.serve(reader.command('npx esbuild'), /http:\S+:\d+\//)
    const home = `http://localhost:${/http:\S+:(\d+)\//.exec(output)?.[1]}/`

    const browser = await launchChromium([], { ignoreDefaultArgs: ['--disable-popup-blocking'] })
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    await page.goto(home)
    const says = (text: string) => page.locator('#who', { hasText: text }).waitFor()
    await says('Nobody has signed in')
    const opened = page.waitForEvent('popup')
    await page.click('#sign-in')
    const popup = await opened
    await popup.waitForSelector('#username')
    await typeCredentials(popup, alice)
    await says(`${alice.username}: token from cache, good until `)
    await expect.poll(() => popup.isClosed()).toBe(true)

    await page.reload()
    await says(`${alice.username}: token from cache`)
    expect(provider.tokenRequests()).toHaveLength(1)

    await page.click('#sign-out')
    await says('Nobody has signed in')
    expect(provider.requests.filter(({ path }) => path.includes('logout'))).not.toEqual([])
    expect(page.url()).toBe(home)
    expect(complaints).toEqual([])
  })

  test.skipIf(process.platform !== 'linux')('a command-line program', async () => {
    const { provider } = await cloud()
    const reader = await follow('A command-line program')
    await reader.writeFiles((text) => replaced(text, provider, provider.clients.native))
    // The person's browser: it tells the test which page it was to open.
    const programs = join(await emptyFolder(), 'bin')
    await mkdir(programs)
    await writeFile(join(programs, 'xdg-open'), '#!/bin/sh\nprintf %s "$1" > "$0.new" && mv "$0.new" "$0.opened"\n')
    await chmod(join(programs, 'xdg-open'), 0o755)
    const runs = reader.start.commands.filter((command) => command.startsWith('node '))
    expect(runs).toHaveLength(2)

    const person = until(() => readFile(join(programs, 'xdg-open.opened'), 'utf8')).then(async (page) => {
      const { url, params, method } = await signIn(page, alice)
      return fetch(url, method === 'POST' ? { method, body: new URLSearchParams(params) } : {})
    })
    const [output, { status }] = await Promise.all([reader.run(runs[0]!, { PATH: programs }), person])
    expect(status).toBe(200)
    expect(output).toContain(`${alice.username}: token from identity_provider, good until `)
    expect((await stat(join(reader.folder, 'tokens.json'))).mode & 0o777).toBe(0o600)

    const before = provider.requests.length
    expect(await reader.run(runs[1]!, { PATH: programs })).toContain(`${alice.username}: token from cache, good until `)
    expect(provider.requests.length).toBe(before)
  })

  test('a service', async () => {
    const reader = await follow('A service')
    await reader.run(reader.command('openssl '))
    const certificate = await readFile(join(reader.folder, 'certificate.pem'), 'utf8')
    const client: Client = {
      clientId: 'dae30000-0000-4000-8000-0000000c0de0',
      name: 'A service',
      type: 'daemon',
      redirectUris: [],
      certificate,
    }
    const { provider } = await cloud({ clients: { service: client } })
    await reader.writeFiles((text) => replaced(text, provider, client))
    const lines = (await reader.run(reader.command('node '))).trim().split('\n')
    const sources = ['Token from identity_provider', 'Token from cache']
    expect(lines.map((line) => line.split(', good until ')[0])).toEqual(sources)
    expect(provider.tokenRequests()).toMatchObject([{ grantType: 'client_credentials', status: 200 }])
    expect(provider.tokenRequests()[0]?.parameters).toHaveProperty('client_assertion')
  })

  test('a web app on a Worker', async () => {
    const { provider } = await cloud()
    const reader = await follow('A web app on a Worker')
    await reader.writeFiles((text) => replaced(text, provider, provider.clients.web))
    for (const command of reader.start.commands.filter((line) => line.startsWith('echo '))) {
      await reader.run(replaced(command, provider, provider.clients.web))
    }
    expect(reader.command('npx wrangler dev')).toBeTruthy()
    const worker = await wranglerDev(reader.folder)
    onTestFinished(() => worker.dispose())
    const visitor = new Visitor((await worker.ready).origin)
    onTestFinished(() => visitor.close())

    expect((await visitor.open('/')).status).toBe(401)
    expect(new URL(String(await visitor.signIn(alice))).pathname).toBe('/')
    const home = await visitor.open('/')
    expect(await home.text()).toContain(`${alice.username}: token from cache, good until `)
    expect(provider.tokenRequests()).toMatchObject([{ grantType: 'authorization_code', status: 200 }])
    expect([...visitor.jar.keys()]).toEqual(['__Host-session'])
    visitor.expectDiscreet()
    // The session is the cookie's.
    visitor.jar.clear()
    expect((await visitor.open('/')).status).toBe(401)
  })

  test('a protected API', async () => {
    const { provider } = await cloud()
    const { native, api } = provider.clients
    const reader = await follow('A protected API')
    await reader.writeFiles((text) => replaced(text, provider, api))
    const PORT = String(await freePort())
    const address = `http://localhost:${PORT}/`
    const isUp = () => fetch(address).then(() => true, () => false) // biome-ignore format: one line
    await reader.serve(replaced(reader.command('CLIENT_SECRET='), provider, api), isUp, { PORT })

    const authority = provider.authority(tenants.contoso)
    const caller = new PublicClientApplication({ clientId: native.clientId, authority, knownAuthorities: [new URL(authority).host] })
    const tokenFor = async (scope: string) => {
      const flow = await caller.initiateAuthCodeFlow({ scopes: [scope], redirectUri: 'http://localhost' })
      const { params } = await signIn(flow.authUri, alice)
      return (await caller.acquireTokenByAuthCodeFlow({ flow, response: params })).accessToken
    }
    const curl = (TOKEN: string) => reader.run(reader.command('curl ').replace(':3000', `:${PORT}`), { TOKEN })

    const token = await tokenFor('api://notes/Notes.Read')
    const oid = alice.objectIds[tenants.contoso.id]
    expect(await curl(token)).toMatch(new RegExp(`200 OK.*{"caller":"${oid}","graphToken":"from identity_provider, good until `, 's'))
    expect(await curl(token)).toContain(`{"caller":"${oid}","graphToken":"from cache, good until `)
    expect(provider.tokenRequests('urn:ietf:params:oauth:grant-type:jwt-bearer')).toHaveLength(1)

    expect(await curl('')).toMatch(/401 Unauthorized.*www-authenticate: Bearer/is)
    expect(await curl(await tokenFor('User.Read'))).toMatch(/401 Unauthorized.*invalid_token/s)
    expect(await curl(await tokenFor('api://notes/Notes.Write'))).toMatch(/403 Forbidden.*insufficient_scope/s)
    provider.settings.onBehalfOfConsent = false
    expect(await curl(await tokenFor('api://notes/Notes.Read'))).toMatch(/401 Unauthorized.*www-authenticate: Bearer/is)
  })
})

/** What `wrangler dev` does: bundles the Worker, and starts it in workerd with the bindings of wrangler.jsonc and .dev.vars. */
async function wranglerDev(folder: string): Promise<Miniflare> {
  const config = JSON.parse((await readFile(join(folder, 'wrangler.jsonc'), 'utf8')).replace(/^\/\/.*/gm, ''))
  const variables = (await readFile(join(folder, '.dev.vars'), 'utf8')).trim().split('\n')
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: [config.main],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['module', 'main'],
    external: ['cloudflare:*'],
    write: false,
    logLevel: 'error',
  })
  const sqlite: string[] = config.migrations.flatMap(({ new_sqlite_classes }: { new_sqlite_classes: string[] }) => new_sqlite_classes)
  const objects: { name: string; class_name: string }[] = config.durable_objects.bindings
  return new Miniflare({
    modules: [{ type: 'ESModule', path: config.main, contents: outputFiles[0]!.text }],
    compatibilityDate: config.compatibility_date,
    bindings: Object.fromEntries(variables.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])),
    durableObjects: Object.fromEntries(
      objects.map(({ name, class_name: className }) => [name, { className, useSQLite: sqlite.includes(className) }]),
    ),
    host: '127.0.0.1',
    port: 0,
    cf: false,
  })
}

async function until<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (!address || typeof address === 'string') throw new Error('No port is free.')
  return address.port
}
