import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { bindingsOf } from '../../playground/worker/hosts/environment.mjs'
import { memoryKv } from '../../playground/worker/hosts/memory-kv.mjs'
import worker from '../../playground/worker/worker.js'
import { ConfidentialClientApplication, parseClaimsChallenge } from '../../src/core/index.ts'
import { type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { environmentOf } from './worker-support.ts'

// The Worker's API, for callers of all kinds: in this process, on the built package.
const origin = 'http://localhost:4321'
const context = { waitUntil() {} }
const onBehalfOf = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
type Env = Parameters<typeof worker.fetch>[1]

let playground: Playground
let web: ConfidentialClientApplication
beforeAll(async () => {
  playground = await startPlayground({ https: false })
  web = clientOf('web')
})
afterAll(() => playground?.close())
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function clientOf(name: 'web' | 'daemon', tenant = tenants.contoso): ConfidentialClientApplication {
  const { provider } = playground
  const { clientId, secret } = provider.clients[name]
  const knownAuthorities = [new URL(provider.url).host]
  return new ConfidentialClientApplication({ clientId, clientCredential: secret, authority: provider.authority(tenant), knownAuthorities })
}

const openEnv = (): Env => ({ ...bindingsOf(environmentOf(playground), origin), KV: memoryKv() })
const ask = (env: Env, path: string, init?: RequestInit) => worker.fetch(new Request(origin + path, init), env, context)
const call = (token: string, env = openEnv()) => ask(env, '/api/me', { headers: { authorization: `Bearer ${token}` } })
const tokenFor = async (scope: string, client = web, { username, password } = users.alice) =>
  (await client.acquireTokenByUsernamePassword({ username, password, scopes: [scope] })).accessToken

describe('the API of the Worker', () => {
  test('answers whoever has a token for it, and keeps what it got on their behalf', async () => {
    const env = openEnv()
    const token = await tokenFor('api://notes/Notes.Read')
    const first = await call(token, env)
    const profile = { userPrincipalName: users.alice.username, calledBy: playground.provider.clients.api.clientId }
    expect([first.status, await first.json()]).toMatchObject([200, { profile, tokenSource: 'identity_provider' }])
    expect(await (await call(token, env)).json()).toMatchObject({ profile, tokenSource: 'cache' })
    const other = await call(await tokenFor('api://notes/Notes.Read', web, users.bob), env)
    expect(await other.json()).toMatchObject({ profile: { userPrincipalName: users.bob.username } })
  })

  const spoiled = (token: string) => token.replace(/.{8}$/, (end) => [...end].reverse().join(''))
  const refusals: [string, () => Promise<string>, number, string][] = [
    ['for another API', () => tokenFor('User.Read'), 401, 'invalid_token'],
    ['with another scope only', () => tokenFor('api://notes/Notes.Write'), 403, 'insufficient_scope'],
    [
      'of an application',
      async () => (await clientOf('daemon').acquireTokenForClient({ scopes: ['api://notes/.default'] })).accessToken,
      403,
      'insufficient_scope',
    ],
    ['of another tenant', () => tokenFor('api://notes/Notes.Read', clientOf('web', tenants.fabrikam), users.carol), 401, 'invalid_token'],
    ['with another signature', async () => spoiled(await tokenFor('api://notes/Notes.Read')), 401, 'invalid_token'],
    ['that is none', async () => 'a.b.c', 401, 'invalid_token'],
  ]

  test.each(refusals)('refuses a token %s, and asks nobody for another', async (_name, make, status, error) => {
    const token = await make()
    const before = playground.provider.tokenRequests().length
    const response = await call(token)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([status, expect.stringContaining(`error="${error}"`)])
    expect(playground.provider.tokenRequests().length).toBe(before)
  })

  test('refuses a token that has expired', async () => {
    const token = await tokenFor('api://notes/Notes.Read')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3600_000 })
    const response = await call(token)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')])
  })

  test('tells who has none what is needed', async () => {
    const response = await ask(openEnv(), '/api/me')
    const header = String(response.headers.get('www-authenticate'))
    expect([response.status, header]).toEqual([401, expect.stringContaining('scope="api://notes/Notes.Read"')])
    expect(header).not.toContain('error=')
  })

  test('hands on what the provider wants of the person', async () => {
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c2' } } })
    const body = { error: 'interaction_required', error_description: 'AADSTS50076: no', error_codes: [50076], claims }
    playground.provider.control.failNext({ when: { grantType: onBehalfOf }, status: 400, body })
    const response = await call(await tokenFor('api://notes/Notes.Read'))
    expect(response.status).toBe(401)
    expect(parseClaimsChallenge(response.headers)).toBe(claims)
  })

  test('says so where the API behind it fails', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await call(await tokenFor('api://notes/Notes.Read'), { ...openEnv(), DOWNSTREAM: 'http://localhost:9' })
    expect([response.status, await response.json()]).toEqual([502, { error: 'downstream_failed' }])
    expect(log).toHaveBeenCalledTimes(1)
  })
})

test('a provider that does not answer: 503, to a program and to a person', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const env = { ...openEnv(), AUTHORITY: 'http://localhost:9/contoso', KNOWN_AUTHORITIES: 'localhost:9' }
  const page = await ask(env, '/sign-in')
  expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('unreachable')])
  const part = (content: object) => btoa(JSON.stringify(content)).replace(/=+$/, '')
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: `${env.AUTHORITY}/v2.0`, aud: 'api://notes', tid: 'contoso', scp: 'Notes.Read', iat: now, nbf: now, exp: now + 600 }
  const authorization = `Bearer ${part({ alg: 'RS256', kid: '1' })}.${part(claims)}.${'A'.repeat(342)}`
  const api = await ask(env, '/api/me', { headers: { authorization } })
  expect([api.status, api.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
})
