import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  ATTEMPT_REGION_DISCOVERY,
  ConfidentialClientApplication,
  type ConfidentialClientOptions,
  TokenCache,
} from '../../../src/core/index.ts'
import { codeOf } from '../client/support.ts'

const tenantId = '11111111-1111-4111-8111-111111111111'
const central = 'https://login.microsoftonline.com'
const scopes = ['https://graph.microsoft.com/.default']
const imds = '169.254.169.254'

/** Answers for every host of the cloud; `machine` plays the instance metadata. */
function cloud(machine: () => Response | Promise<Response> = () => Promise.reject(new TypeError('fetch failed')), host = central) {
  const urls: URL[] = []
  const forms: URLSearchParams[] = []
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input))
    urls.push(url)
    if (url.hostname === imds) return machine()
    if (url.pathname.endsWith('openid-configuration')) {
      const endpoints = { token_endpoint: `${url.origin}/${tenantId}/oauth2/v2.0/token`, authorization_endpoint: `${url.origin}/authorize` }
      return Response.json({ issuer: `${host}/${tenantId}/v2.0`, ...endpoints })
    }
    forms.push(new URLSearchParams(String(init?.body)))
    return Response.json({ access_token: 'token', token_type: 'Bearer', expires_in: 3600 })
  }
  const posted = () => urls.filter(({ pathname }) => pathname.endsWith('/token')).map(({ hostname }) => hostname)
  const asked = () => urls.filter(({ hostname }) => hostname === imds).length
  return { fetch: fetch as typeof globalThis.fetch, urls, forms, posted, asked }
}

const client = (fetch: typeof globalThis.fetch, options: Partial<ConfidentialClientOptions> = {}) =>
  new ConfidentialClientApplication({ clientId: 'id', clientCredential: 'secret', authority: `${central}/${tenantId}`, fetch, ...options })

afterEach(() => vi.unstubAllEnvs())

describe('azureRegion', () => {
  it('is off without a word, and with false, whatever the machine says', async () => {
    vi.stubEnv('REGION_NAME', 'westus2')
    const { fetch, posted, asked } = cloud()
    await client(fetch).acquireTokenForClient({ scopes })
    await client(fetch, { azureRegion: false }).acquireTokenForClient({ scopes })
    expect(posted()).toEqual(['login.microsoftonline.com', 'login.microsoftonline.com'])
    expect(asked()).toBe(0)
  })

  it('C20 named, it sends the request there and asks no machine', async () => {
    const { fetch, urls, posted, asked } = cloud()
    const tokenCache = new TokenCache()
    const result = await client(fetch, { azureRegion: 'westus2', tokenCache }).acquireTokenForClient({ scopes })
    expect(posted()).toEqual(['westus2.login.microsoft.com'])
    expect(asked()).toBe(0)
    expect(urls.map(({ hostname }) => hostname)).toContain('login.microsoftonline.com')
    expect(result.tokenSource).toBe('identity_provider')
    // Filed under the central host, so that any other client of the tenant finds it.
    expect(await tokenCache.find('AccessToken')).toMatchObject([{ environment: 'login.microsoftonline.com', realm: tenantId }])
    expect((await client(fetch, { tokenCache }).acquireTokenForClient({ scopes })).tokenSource).toBe('cache')
  })

  it('the assertion is for the central token endpoint', async () => {
    const { fetch, posted } = cloud()
    const asked: unknown[] = []
    const clientAssertion = (context: object) => {
      asked.push(context)
      return 'made.else.where'
    }
    await client(fetch, { azureRegion: 'westus2', clientCredential: { clientAssertion } }).acquireTokenForClient({ scopes })
    expect(asked).toEqual([{ clientId: 'id', tokenEndpoint: `${central}/${tenantId}/oauth2/v2.0/token` }])
    expect(posted()).toEqual(['westus2.login.microsoft.com'])
  })

  it('in another cloud it stands before the host', async () => {
    const host = 'https://login.microsoftonline.us'
    const { fetch, posted } = cloud(undefined, host)
    await client(fetch, { azureRegion: 'usgovvirginia', authority: `${host}/${tenantId}` }).acquireTokenForClient({ scopes })
    expect(posted()).toEqual(['usgovvirginia.login.microsoftonline.us'])
  })

  it('on-behalf-of stays at the central endpoint', async () => {
    const { fetch, posted } = cloud()
    const app = client(fetch, { azureRegion: 'westus2' })
    await app.acquireTokenOnBehalfOf({ userAssertion: 'assertion', scopes: ['api/read'] }).catch(() => {})
    expect(posted()).toEqual(['login.microsoftonline.com'])
  })

  it.each(['', 'West US', 'west-us', 'evil.example/', 'a'.repeat(41)])('wire-protocol S11: %j is no region', (azureRegion) => {
    if (azureRegion === '') expect(() => client(fetch, { azureRegion })).toThrow()
    else expect(() => client(fetch, { azureRegion })).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })

  describe('detected', () => {
    const azureRegion = ATTEMPT_REGION_DISCOVERY

    it('is that of REGION_NAME, in lower case and without spaces', async () => {
      vi.stubEnv('REGION_NAME', 'West US 2')
      const { fetch, posted, asked } = cloud()
      await client(fetch, { azureRegion }).acquireTokenForClient({ scopes })
      expect(posted()).toEqual(['westus2.login.microsoft.com'])
      expect(asked()).toBe(0)
    })

    it('is what the machine says, which is asked once', async () => {
      const { fetch, urls, posted, asked } = cloud(() => new Response(' EastUS2\n'))
      const app = client(fetch, { azureRegion })
      await app.acquireTokenForClient({ scopes })
      await app.acquireTokenForClient({ scopes, forceRefresh: true })
      expect(posted()).toEqual(['eastus2.login.microsoft.com', 'eastus2.login.microsoft.com'])
      expect(asked()).toBe(1)
      expect(urls.find(({ hostname }) => hostname === imds)?.search).toBe('?format=text&api-version=2021-01-01')
    })

    it.each([
      ['a page that is not found', () => new Response('eastus2', { status: 404 })],
      ['HTML', () => new Response('<html>eastus2</html>')],
      ['a host', () => new Response('evil.example')],
      ['nothing', () => new Response('')],
      ['a refusal', () => Promise.reject(new TypeError('fetch failed'))],
    ])('wire-protocol S11: falls back to the global endpoint where the machine answers with %s', async (_, machine) => {
      const { fetch, posted } = cloud(machine)
      await client(fetch, { azureRegion }).acquireTokenForClient({ scopes })
      expect(posted()).toEqual(['login.microsoftonline.com'])
    })

    it('never hangs where the machine does not answer', async () => {
      const { fetch, posted } = cloud(() => new Promise(() => {}))
      await client(fetch, { azureRegion }).acquireTokenForClient({ scopes })
      expect(posted()).toEqual(['login.microsoftonline.com'])
    }, 10_000)
  })

  it('a region that the provider does not have is an error of its own', async () => {
    const { fetch } = cloud()
    const offline: typeof globalThis.fetch = (input, init) =>
      String(input).includes('nowhere') ? Promise.reject(new TypeError('fetch failed')) : fetch(input, init)
    expect(await codeOf(client(offline, { azureRegion: 'nowhere' }).acquireTokenForClient({ scopes }))).toBe('unreachable')
  })
})
