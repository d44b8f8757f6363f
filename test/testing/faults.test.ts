import { describe, expect, it } from 'vitest'
import { ConfidentialClientApplication, type NetworkError, PublicClientApplication } from '../../src/core/index.ts'
import { fakeInteraction, fakeProvider } from '../../src/testing/index.ts'

const clientId = 'test-client'
const scopes = ['https://graph.microsoft.com/.default']
const tenant = 'https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555'

const start = (options = {}) => {
  const provider = fakeProvider({ authority: tenant })
  return {
    provider,
    server: new ConfidentialClientApplication({ clientId, clientCredential: 'secret', ...provider.clientOptions, ...options }),
  }
}

describe('a fault of the fake provider', () => {
  it.each([
    [{ error: 'invalid_client' }, { code: 'server_error', error: 'invalid_client', status: 400 }],
    [
      { error: 'interaction_required', status: 403, body: { suberror: 'basic_action', claims: '{}' } },
      { code: 'interaction_required', suberror: 'basic_action', status: 403 },
    ],
    [
      { status: 429, headers: { 'retry-after': '30' } },
      { code: 'throttled', retryAfter: 30_000 },
    ],
    [{ status: 503 }, { code: 'server_unavailable', status: 503 }],
    [{ body: '<html>' }, { code: 'bad_response' }],
    [{ body: { access_token: 1 } }, { code: 'bad_response' }],
    [{ lost: true }, { code: 'unreachable' }],
    [{ endpoint: 'discovery', status: 404, body: { error: 'invalid_tenant' } }, { code: 'metadata_invalid' }],
  ] as const)('%j', async (fault, expected) => {
    const { provider, server } = start()
    provider.failNext(fault)
    await expect(server.acquireTokenForClient({ scopes })).rejects.toMatchObject(expected)
  })

  it('is over after so many requests as it was for, and meets no other endpoint', async () => {
    const { provider } = start()
    const ask = async (path: string, init?: RequestInit) => (await provider.fetch(tenant + path, init)).status
    const post = {
      method: 'POST',
      body: new URLSearchParams({ client_id: '1', client_secret: '1', grant_type: 'client_credentials', scope: 'a/.default' }),
    }
    provider.failNext({ status: 500, times: 2 })
    provider.failNext({ status: 503 })
    expect(await ask('/v2.0/.well-known/openid-configuration')).toBe(200)
    const statuses = [await ask('/oauth2/v2.0/token', post), await ask('/oauth2/v2.0/token', post)]
    statuses.push(await ask('/oauth2/v2.0/token', post), await ask('/oauth2/v2.0/token', post))
    expect(statuses).toEqual([500, 500, 503, 200])
    provider.failNext({ status: 500 })
    provider.clearFaults()
    expect(await ask('/oauth2/v2.0/token', post)).toBe(200)
  })

  it('that is a delay alone ends in the right answer, unless the caller gives up', async () => {
    const { provider, server } = start()
    provider.failNext({ delay: 50 })
    const began = performance.now()
    await server.acquireTokenForClient({ scopes })
    expect(performance.now() - began).toBeGreaterThan(45)
    provider.failNext({ delay: 60_000 })
    const late = server.acquireTokenForClient({ scopes, forceRefresh: true, timeout: 30 })
    await expect(late).rejects.toMatchObject({ code: 'timed_out' } satisfies Partial<NetworkError>)
  })

  it('of the authorization endpoint meets the next sign-in', async () => {
    const provider = fakeProvider()
    const app = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction: fakeInteraction(provider) })
    provider.failNext({ endpoint: 'authorize', error: 'access_denied' })
    await expect(app.acquireTokenInteractive({ scopes: ['User.Read'] })).rejects.toMatchObject({ error: 'access_denied' })
    expect((await app.acquireTokenInteractive({ scopes: ['User.Read'] })).account.username).toBe('alice@contoso.example')
  })

  it('meets the authorization endpoint by the option of who signs in', async () => {
    const provider = fakeProvider()
    const options = { error: 'login_required' }
    const app = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction: fakeInteraction(provider, options) })
    await expect(app.acquireTokenInteractive({ scopes: ['User.Read'] })).rejects.toMatchObject({ code: 'interaction_required' })
  })
})
