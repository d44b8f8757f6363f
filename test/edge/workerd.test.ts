import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ConfidentialClientApplication } from '../../src/core/client/confidential-client-application.ts'
import { sealFlow, unsealFlow } from '../../src/edge/seal-flow.ts'
import { type Playground, startPlayground, tenants } from '../support/provider.ts'
import { claimsOf, forge, sign, signingKey } from './token-support.ts'

const KEY = Buffer.alloc(32, 9).toString('base64')
const keys = [signingKey('one')]
const flow = { authUri: 'https://idp.example/authorize', state: 'the state', expiresAt: Date.now() + 600_000, codeVerifier: 'verifier' }

let script: string
let server: Server
let issuer: string
/** What the provider was asked, and when it answers. */
let asked: string[]
let answerable: Promise<void>

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    conditions: ['workerd'],
    write: false,
    logLevel: 'error',
  })
  script = outputFiles[0]!.text
  server = createServer(async (request, response) => {
    asked.push(request.url!)
    await answerable
    const document = { issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/keys` }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url === '/keys' ? { keys: keys.map(({ jwk }) => jwk) } : document))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** A new isolate for each test: nothing is known in it. */
let worker: Miniflare
let url: URL
beforeEach(async () => {
  asked = []
  answerable = Promise.resolve()
  worker = new Miniflare({ modules: true, script, compatibilityDate: '2026-04-01', bindings: { KEY }, cf: false })
  url = await worker.ready
})
afterEach(() => worker.dispose())

const ask = (path: string, body: object, init: RequestInit = {}) =>
  fetch(new URL(path, url), { method: 'POST', body: JSON.stringify(body), ...init })
const options = () => ({ audience: 'api://notes', authority: issuer })
const goodToken = () => sign(keys[0]!, claimsOf({ iss: issuer, tid: undefined }))

describe('in workerd', () => {
  it('what one runtime seals, the other opens', async () => {
    const there = await (await ask('/seal', { flow })).json()
    expect(await unsealFlow(there as string, KEY)).toEqual(flow)
    expect(await (await ask('/unseal', { cookie: await sealFlow(flow, KEY) })).json()).toEqual(flow)
    for (const cookie of ['', `${there}A`, 'a.b.c.d.e', await sealFlow(flow, Buffer.alloc(32, 8).toString('base64'))])
      expect(await (await ask('/unseal', { cookie })).json()).toBe('flow_unknown')
  })

  it('a sign-in waits in its cookie, and a session follows', async () => {
    const [cookie] = (await ask('/begin', { flow })).headers.getSetCookie()
    const answer = await fetch(new URL('/callback?code=c&state=the+state', url), { headers: { cookie: cookie!.split(';')[0]! } })
    expect(await answer.json()).toEqual(flow)
    const [cleared, session] = answer.headers.getSetCookie()
    expect(cleared).toMatch(/^__Host-flow-[\w-]{16}=; .*Max-Age=0/)
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
    const headers = { cookie: session!.split(';')[0]! }
    expect(await (await fetch(new URL('/session', url), { headers })).json()).toMatchObject({ homeAccountId: 'oid.tid' })
    expect(await (await fetch(new URL('/session', url), { headers: { cookie: cookie!.split(';')[0]! } })).json()).toBeNull()
  })

  it('tokens are validated, and refused, as in Node', async () => {
    const token = await goodToken()
    const claims = claimsOf({ iss: issuer, tid: undefined })
    const stranger = await sign(signingKey('one'), claims)
    const outcomes: [unknown, object, number, unknown][] = [
      [token, { scopes: ['Notes.Read'] }, 200, expect.objectContaining({ sub: 'mia' })],
      [token, { scopes: ['Notes.Delete'] }, 403, 'scope_not_in_flow'],
      [token, { audience: 'api://other' }, 401, 'audience_mismatch'],
      [await sign(keys[0]!, { ...claims, iss: 'https://idp.example' }), {}, 401, 'issuer_mismatch'],
      [await sign(keys[0]!, { ...claims, exp: 1 }), {}, 401, 'id_token_invalid'],
      [stranger, {}, 401, 'id_token_invalid'],
      [forge({ alg: 'none' }, claims), {}, 401, 'id_token_invalid'],
      [forge({ alg: 'HS256', kid: 'one' }, claims, 'secret'), {}, 401, 'id_token_invalid'],
      ['rubbish', {}, 401, 'id_token_invalid'],
      [token, { authority: 'http://localhost:1' }, 503, 'unreachable'],
    ]
    for (const [presented, changes, status, body] of outcomes) {
      const answer = await ask('/validate', { token: presented, options: { ...options(), ...changes } })
      expect([answer.status, await answer.json()]).toEqual([status, body])
    }
  })

  it('S73: requests that come together share one fetch of each document', async () => {
    const body = { token: await goodToken(), options: options() }
    let answer!: () => void
    answerable = new Promise((resolve) => {
      answer = resolve
    })
    const requests = Array.from({ length: 20 }, () => ask('/validate', body))
    setTimeout(answer, 300)
    for (const { status } of await Promise.all(requests)) expect(status).toBe(200)
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys'])
    expect((await ask('/validate', body)).status).toBe(200)
    expect(asked).toHaveLength(2)
  })

  it.each(['returns early', 'is given up by its caller'])('S73: where the first request %s, those who wait for it go on', async (how) => {
    const body = { token: await goodToken(), options: options() }
    // The provider answers nobody who asked before now.
    answerable = new Promise(() => {})
    const controller = new AbortController()
    const first = ask(how === 'returns early' ? '/leave' : '/validate', body, { signal: controller.signal }).catch(() => undefined)
    while (!asked.length) await new Promise((resolve) => setTimeout(resolve, 10))
    const others = Array.from({ length: 10 }, () => ask('/validate', body))
    setTimeout(() => controller.abort(), 200)
    answerable = Promise.resolve()
    await first
    const started = Date.now()
    for (const { status } of await Promise.all(others)) expect(status).toBe(200)
    expect(Date.now() - started).toBeLessThan(5000)
    expect(asked).toEqual(['/.well-known/openid-configuration', '/.well-known/openid-configuration', '/keys'])
    expect((await ask('/validate', body)).status).toBe(200)
  })
})

describe('in workerd, with the real thing', () => {
  let playground: Playground
  beforeAll(async () => {
    playground = await startPlayground()
  })
  afterAll(() => playground.close())

  it('a token of the provider is validated', async () => {
    const { provider } = playground
    const { clientId, secret } = provider.clients.daemon
    const authority = provider.authority(tenants.contoso)
    const knownAuthorities = [new URL(provider.url).host]
    const daemon = new ConfidentialClientApplication({ clientId, authority, clientCredential: secret, knownAuthorities })
    const { accessToken: token } = await daemon.acquireTokenForClient({ scopes: ['api://notes/.default'] })
    const request = { audience: 'api://notes', roles: ['Notes.Read.All'] }
    for (const [name, status] of [
      ['contoso', 200],
      ['common', 200],
      ['fabrikam', 401],
    ] as const) {
      const trusted = provider.authority(name === 'common' ? name : tenants[name])
      expect((await ask('/validate', { token, options: { ...request, authority: trusted } })).status, name).toBe(status)
    }
  })
})
