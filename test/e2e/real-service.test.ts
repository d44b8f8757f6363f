import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCertificate, type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { type Browser, hasChromium, launchChromium, loopbackHeading, typeCredentials } from './chromium.ts'
import { Cli } from './cli.ts'

// The same program with AZURE_CLIENT_ID and AZURE_TENANT_ID. The names of the real service lead to the look-alike, for the program and for
// the browser; everything else is as it would be, TLS included.
const login = 'login.microsoftonline.com'
const graph = 'graph.microsoft.com'
const { contoso } = tenants
const { alice } = users

describe.skipIf(lacks('chromium', hasChromium))('node playground/node-cli with the real service', { timeout: 60_000 }, () => {
  let playground: Playground
  let graphServer: Server
  let browser: Browser
  let cli: Cli

  beforeAll(async () => {
    playground = await startPlayground({ publicUrl: `https://${login}` })
    const { httpsUrl, localUrl, clients, ca } = playground.provider
    const keys = createRemoteJWKSet(new URL(`${localUrl}/${contoso.id}/discovery/v2.0/keys`))
    const { certificate, privateKey } = createCertificate(graph)
    graphServer = createServer({ key: privateKey, cert: certificate }, async (request, response) => {
      const token = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
      const { payload } = await jwtVerify(token, keys, { audience: `https://${graph}`, issuer: `https://${login}/${contoso.id}/v2.0` })
      const good = request.url === '/v1.0/me' && payload.scp === 'User.Read'
      response.writeHead(good ? 200 : 403, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ displayName: payload.name, userPrincipalName: payload.preferred_username }))
    }).listen(0, '127.0.0.1')
    await once(graphServer, 'listening')

    const port = Number(new URL(httpsUrl!).port)
    browser = await launchChromium([`--host-resolver-rules=MAP ${login} 127.0.0.1:${port}`])
    const hosts = { [login]: port, [graph]: (graphServer.address() as AddressInfo).port }
    cli = await Cli.create({
      AZURE_CLIENT_ID: clients.native.clientId,
      AZURE_TENANT_ID: contoso.domain,
      NODE_OPTIONS: `--import=${new URL('./mapped-hosts.mjs', import.meta.url).href}`,
      MAPPED_HOSTS: JSON.stringify({ hosts, ca: `${ca}\n${certificate}` }),
    })
  })
  afterAll(async () => {
    graphServer?.close()
    await Promise.all([browser?.close(), playground?.close(), cli?.remove()])
  })

  test('signs in with the browser, calls Microsoft Graph and goes on without asking', async () => {
    await using context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    const running = cli.start(['--no-browser'])
    const address = new URL(await running.address)
    expect(address.origin + address.pathname).toBe(`https://${login}/${contoso.id}/oauth2/v2.0/authorize`)
    expect(address.searchParams.get('scope')?.split(' ').sort()).toEqual(['User.Read', 'offline_access', 'openid', 'profile'])
    // The answer leaves an https page for http://localhost: a browser must let it through.
    expect(address.searchParams.get('response_mode')).toBe('form_post')
    await page.goto(address.href)
    await typeCredentials(page, alice)
    expect(await loopbackHeading(page)).toBe('Sign-in received')
    const first = await running.ended
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain(`API        200 https://${graph}/v1.0/me`)
    expect(first.stdout).toContain(`"displayName": "${alice.name}"`)
    await cli.expectDiscreet(first)

    const { requests } = playground.provider
    const paths = requests.map(({ path }) => path)
    expect(paths[0]).toBe(`/${contoso.domain}/v2.0/.well-known/openid-configuration`)
    const before = requests.length
    expect(await cli.run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/Token +from the cache/) })
    expect(requests.length).toBe(before)
    await cli.expire()
    expect(await cli.run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/Token +from the provider/) })
    expect(requests.slice(before).map(({ path, grantType }) => `${path} ${grantType}`)).toEqual([
      `/${contoso.id}/oauth2/v2.0/token refresh_token`,
    ])
  })
})
