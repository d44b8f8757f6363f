import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PublicClientApplication } from 'msal-isomorphic'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Browser, createCertificate, type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { mappedAgent } from './mapped-agent.mjs'
import { expireTokens } from './moving.ts'

// The guide for moving from MSAL Node: the same small web app with either library, as its users run it. The name of the real service leads
// to the look-alike.
const host = 'login.microsoftonline.com'
const root = fileURLToPath(new URL('../../', import.meta.url))
const { contoso } = tenants
const { alice } = users
type Version = 'before' | 'after'

const certificate = createCertificate('notes-site')
const clientId = '517e517e-0000-4000-8000-000000000517'
const site = {
  ...{ clientId, name: 'Notes site', type: 'web' as const, redirectUris: ['http://localhost'], identifierUri: 'api://notes' },
  certificate: certificate.certificate,
}
let playground: Playground
let browser: Browser
let folder: string
let origin: string
let settings: string
let mapped: { hosts: Record<string, number>; ca: string }

beforeAll(async () => {
  playground = await startPlayground({ publicUrl: `https://${host}`, clients: { site } })
  const { httpsUrl, ca } = playground.provider
  mapped = { hosts: { [host]: Number(new URL(httpsUrl!).port) }, ca: ca! }
})
afterAll(() => playground?.close())

beforeEach(async () => {
  const { provider, api } = playground
  folder = await mkdtemp(join(tmpdir(), 'moving-node-'))
  browser = new Browser({ agent: mappedAgent(mapped) })
  const port = await freePort()
  origin = `http://localhost:${port}`
  settings = join(folder, 'settings.json')
  const { privateKey } = certificate
  const authority = provider.authority(contoso)
  const scopes = { user: ['api://notes/Notes.Read'], application: ['api://notes/.default'], caller: ['User.Read'] }
  const apis = { user: `${api.url}/notes`, application: `${api.url}/notes`, caller: `${api.url}/me` }
  const content = { clientId, authority, privateKey, certificate: site.certificate, scopes, apis, folder, port }
  await writeFile(settings, JSON.stringify(content))
  return async () => {
    await browser.close()
    await rm(folder, { recursive: true, force: true })
  }
})

/** The web app in a process of its own, until `stop` or the end of the test. */
async function start(version: Version) {
  const args = ['--import=./test/e2e/mapped-hosts.mjs', 'playground/from-msal-node', version, settings]
  const env = { PATH: process.env.PATH, MAPPED_HOSTS: JSON.stringify(mapped) }
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (chunk) => (complaints += chunk))
  const ended = once(child, 'close')
  const stop = async () => {
    child.kill()
    await ended
    expect(complaints).toBe('')
  }
  onTestFinished(() => void child.kill())
  await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error(`It did not start: ${complaints}`)))])
  playground.provider.requests.length = 0
  return { stop }
}

let cookie = ''
async function visit(path: string, headers: Record<string, string> = { cookie }) {
  const response = await fetch(new URL(path, origin), { headers, redirect: 'manual' })
  if (!headers.authorization) cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
  const text = await response.text()
  return { status: response.status, location: response.headers.get('location'), body: text && JSON.parse(text) }
}

async function signIn() {
  const { location } = await visit('/sign-in')
  const { url } = await browser.signIn(location!, alice)
  expect(await visit(url)).toMatchObject({ status: 302, location: '/' })
}

/** What reached the provider, but for the look-ups of its metadata. */
const grants = () =>
  playground.provider.requests.filter(({ path }) => /\/(authorize|token)$/.test(path)).map(({ path, grantType }) => grantType ?? path)
const owns = (owner: string) => ({ status: 200, body: { owner } })
const caller = { status: 200, body: { displayName: alice.name, calledBy: clientId } }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** What somebody holds who calls this application as an API. */
async function callersToken() {
  const { provider } = playground
  const app = new PublicClientApplication({
    clientId: provider.clients.native.clientId,
    authority: provider.authority(contoso),
    fetch: (input, init) => fetch(String(input).replace(provider.url, provider.localUrl), init),
  })
  const { username, password } = alice
  return (await app.acquireTokenByUsernamePassword({ username, password, scopes: ['api://notes/Notes.Read'] })).accessToken
}

/** All that the app does, from the first visit to signing out. */
async function useAll(version: Version) {
  const { stop } = await start(version)
  cookie = ''
  expect(await visit('/')).toMatchObject({ status: 401 })
  await signIn()
  expect(await visit('/')).toMatchObject(owns(alice.name))
  expect(await visit('/')).toMatchObject(owns(alice.name))
  expect(await visit('/archive')).toMatchObject(owns(clientId))
  expect(await visit('/archive')).toMatchObject(owns(clientId))
  const token = await callersToken()
  expect(await visit('/api/profile', bearer(token))).toMatchObject(caller)
  expect(await visit('/api/profile', bearer(token))).toMatchObject(caller)
  const silent = grants().filter((grant) => !/authorize|password/.test(grant))
  expect(silent).toEqual(['authorization_code', 'client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer'])
  await visit('/sign-out')
  expect(await visit('/')).toMatchObject({ status: 401 })
  await stop()
}

describe('the web app of the guide', () => {
  test.each(['before', 'after'] as const)('%s: a user, the application itself and a caller, each asked for once', useAll)

  test('whoever signed in before is still signed in after', async () => {
    const before = await start('before')
    cookie = ''
    await signIn()
    expect(await visit('/archive')).toMatchObject(owns(clientId))
    const token = await callersToken()
    expect(await visit('/api/profile', bearer(token))).toMatchObject(caller)
    await before.stop()

    const after = await start('after')
    expect(await visit('/')).toMatchObject(owns(alice.name))
    expect(await visit('/archive')).toMatchObject(owns(clientId))
    expect(await visit('/api/profile', bearer(token))).toMatchObject(caller)
    // What the user and the application have comes from the file. A caller brings the token to ask with.
    expect(grants()).toEqual(['urn:ietf:params:oauth:grant-type:jwt-bearer'])
    await after.stop()

    await expireTokens(join(folder, 'tokens.json'))
    const later = await start('after')
    expect(await visit('/')).toMatchObject(owns(alice.name))
    expect(grants()).toEqual(['refresh_token'])
    await later.stop()
  })

  test('and the way back is open', async () => {
    const after = await start('after')
    cookie = ''
    await signIn()
    await after.stop()
    const before = await start('before')
    expect(await visit('/')).toMatchObject(owns(alice.name))
    expect(grants()).toEqual([])
    await before.stop()
  })

  test('an answer that nobody asked for signs nobody in', async () => {
    const { stop } = await start('after')
    cookie = `session=${randomUUID()}`
    expect(await visit('/callback?code=stolen&state=guessed')).toMatchObject({ status: 302, location: '/sign-in' })
    expect(grants()).toEqual([])
    expect(await readFile(join(folder, 'tokens.json'), 'utf8').catch(() => '')).toBe('')
    await stop()
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
