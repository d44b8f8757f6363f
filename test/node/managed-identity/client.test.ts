import { hostname } from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TokenCache } from '../../../src/core/index.ts'
import { getManagedIdentitySource, ManagedIdentityClient } from '../../../src/node/managed-identity/client.ts'
import { leaks } from '../../support/canary.ts'
import {
  arcFiles,
  clientOn,
  failure,
  header,
  inSeconds,
  key,
  machine,
  type Platform,
  resource,
  secret,
  sources,
  startPlatform,
  variablesFor,
} from './support.ts'

let server: Platform
beforeEach(async () => {
  server = await startPlatform()
})
afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  await server.close()
})

const imds = () => machine(variablesFor.imds(server.url('token')))

describe('a token', () => {
  it.each(sources)('comes from %s over a real connection', async (source) => {
    const client = clientOn(machine(variablesFor[source](server.url('token')), arcFiles()))
    const before = inSeconds(0)
    const result = await client.acquireTokenForClient({ resource, correlationId: 'c-1' })
    expect(result).toEqual({
      accessToken: 'at',
      tokenType: 'Bearer',
      scopes: [resource],
      expiresOn: expect.any(Date),
      extExpiresOn: expect.any(Date),
      refreshOn: expect.any(Date),
      tokenSource: 'identity_provider',
      correlationId: 'c-1',
      account: null,
    })
    expect(result.expiresOn.getTime() / 1000 - before).toBeGreaterThanOrEqual(86_398)
    expect(result.expiresOn.getTime() / 1000 - before).toBeLessThan(86_460)
    expect(result.refreshOn!.getTime() / 1000 - before).toBeGreaterThanOrEqual(43_198)
    expect(result.refreshOn!.getTime() / 1000 - before).toBeLessThan(43_260)
    const hits = server.hits.length
    expect(hits).toBe(source === 'azure_arc' ? 2 : 1)
    const last = server.hits.at(-1)!
    expect(last.method).toBe(source === 'cloud_shell' ? 'POST' : 'GET')
    expect(new URLSearchParams(last.body || last.path.split('?')[1]).get('resource')).toBe(resource)
    expect(last.headers).toMatchObject(
      {
        service_fabric: { secret: header },
        app_service: { 'x-identity-header': header, metadata: 'true' },
        machine_learning: { secret },
        azure_arc: { metadata: 'true', authorization: `Basic ${key}` },
        cloud_shell: { metadata: 'true' },
        imds: { metadata: 'true' },
      }[source],
    )
    expect(await client.acquireTokenForClient({ resource })).toMatchObject({ accessToken: 'at', tokenSource: 'cache' })
    expect(server.hits).toHaveLength(hits)
    expect(leaks(client)).toEqual([])
  })

  it('comes for the machine that this is, whose variables are read with each request', async () => {
    for (const name of ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'MSI_ENDPOINT', 'MSI_SECRET', 'IMDS_ENDPOINT']) vi.stubEnv(name, undefined)
    const tokenCache = new TokenCache()
    const client = new ManagedIdentityClient({ tokenCache, identity: { clientId: 'c-1' } })
    vi.stubEnv('MSAL_MANAGED_IDENTITY_ENDPOINT', server.url('token'))
    expect(await getManagedIdentitySource()).toBe('imds')
    await client.acquireTokenForClient({ resource })
    vi.stubEnv('IDENTITY_ENDPOINT', server.url('token'))
    vi.stubEnv('IDENTITY_HEADER', header)
    expect(await getManagedIdentitySource()).toBe('app_service')
    await client.acquireTokenForClient({ resource: 'r2' })
    expect(server.hits.map(({ headers }) => headers['x-identity-header'])).toEqual([undefined, header])
    expect(await tokenCache.find('AccessToken', { environment: hostname().toLowerCase() })).toHaveLength(2)
  })
})

describe('one request', () => {
  it('serves a hundred callers, over clients that share a cache', async () => {
    const tokenCache = new TokenCache()
    const clients = Array.from({ length: 10 }, () => clientOn(imds(), { tokenCache }))
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => clients[index % 10]!.acquireTokenForClient({ resource })))
    expect(server.hits).toHaveLength(1)
    expect(new Set(results.map(({ correlationId }) => correlationId)).size).toBe(100)
    expect(results.every(({ accessToken }) => accessToken === 'at')).toBe(true)
  })

  it('is made by each of two clients that share nothing', async () => {
    await Promise.all([clientOn(imds()), clientOn(imds())].map((client) => client.acquireTokenForClient({ resource })))
    expect(server.hits).toHaveLength(2)
  })

  it('S37 goes on for the others when one aborts', async () => {
    const client = clientOn(imds())
    const controller = new AbortController()
    const reason = new Error('enough')
    const [given, other] = [
      client.acquireTokenForClient({ resource, signal: controller.signal }),
      client.acquireTokenForClient({ resource }),
    ]
    controller.abort(reason)
    expect(await failure(given)).toMatchObject({ name: 'NetworkError', code: 'aborted', cause: reason })
    expect(await other).toMatchObject({ accessToken: 'at' })
    expect(await failure(client.acquireTokenForClient({ resource, signal: controller.signal }))).toMatchObject({ code: 'aborted' })
    expect(server.hits).toHaveLength(1)
  })

  it('carries extra parameters, which cannot override one of the protocol', async () => {
    const client = clientOn(imds())
    await client.acquireTokenForClient({ resource, extraQueryParameters: { bypass_cache: 'true' } })
    expect(server.hits[0]!.path).toContain('&bypass_cache=true')
    for (const name of ['resource', 'api-version', 'client_id', 'clientid', 'object_id', 'principal_id', 'msi_res_id', 'mi_res_id']) {
      const extraQueryParameters = { [name]: 'x' }
      const error = await failure(client.acquireTokenForClient({ resource: 'other', extraQueryParameters }))
      expect(error, name).toMatchObject({ code: 'invalid_argument' })
    }
    const extraBodyParameters = { token_type: 'Bearer' }
    expect(await failure(client.acquireTokenForClient({ resource: 'other', extraBodyParameters }))).toMatchObject({
      code: 'invalid_argument',
    })
    expect(server.hits).toHaveLength(1)
    await clientOn(machine(variablesFor.cloud_shell(server.url('token')))).acquireTokenForClient({ resource, extraBodyParameters })
    expect(Object.fromEntries(new URLSearchParams(server.hits[1]!.body))).toEqual({ resource, token_type: 'Bearer' })
  })
})

describe('an argument that is wrong', () => {
  it.each<[string, object]>([
    ['no resource', {}],
    ['an empty resource', { resource: '' }],
    ['two resources', { resource: 'a b' }],
    ['an array', { resource: ['a'] }],
    ['claims that are no JSON', { resource, claimsChallenge: 'x' }],
    ['a timeout of nothing', { resource, timeout: 0 }],
  ])('%s', async (_, options) => {
    expect(await failure(clientOn(imds()).acquireTokenForClient(options as never))).toMatchObject({ code: 'invalid_argument' })
    expect(server.hits).toHaveLength(0)
  })

  it('no options at all', async () => {
    expect(await failure(clientOn(imds()).acquireTokenForClient(undefined as never))).toMatchObject({ code: 'invalid_argument' })
  })

  it.each<[string, object]>([
    ['two names', { identity: { clientId: 'c', objectId: 'o' } }],
    ['a cache that is none', { tokenCache: {} }],
    ['a timeout that is none', { timeout: -1 }],
  ])('of the constructor: %s', (_, options) => {
    expect(() => new ManagedIdentityClient(options as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})
