import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AuthorityOptions, parseAuthority } from '../../../src/core/authority/authority.ts'
import { discover } from '../../../src/core/authority/discovery.ts'
import { AuthError } from '../../../src/core/errors.ts'
import { memoryHttpCache } from '../../../src/core/http/http-cache.ts'
import { createSend } from '../../../src/core/http/http-client.ts'
import { type HttpCache, PublicClientApplication } from '../../../src/core/index.ts'

const home = '3a9c5a2c-6f8f-4a0e-9d0b-0d9b0a7c1c11'
const ms = 'https://login.microsoftonline.com'
const central = `${ms}/common/discovery/instance`
const wellKnown = '/.well-known/openid-configuration'

type Answer = (url: URL) => Response | Promise<Response>

/** A provider that gives a fitting document for any URL, unless `answer` has something else to say. */
function provider(answer: (url: URL) => ReturnType<Answer> | undefined = () => undefined) {
  const urls: string[] = []
  const fetch = vi.fn(async (input: unknown) => {
    const url = new URL(String(input))
    urls.push(url.href)
    return (await answer(url)) ?? Response.json(url.href.startsWith(central) ? instance(url) : documentAt(url))
  })
  return { urls, fetch: fetch as unknown as typeof globalThis.fetch }
}

const instance = (url: URL) => ({
  tenant_discovery_endpoint: url.searchParams.get('authorization_endpoint')!.replace('/oauth2/v2.0/authorize', `/v2.0${wellKnown}`),
})

function documentAt({ href, origin }: URL) {
  const issuer = href.slice(0, href.indexOf(wellKnown)).replace('/common/', '/{tenantid}/')
  return { issuer, authorization_endpoint: `${origin}/T/authorize`, token_endpoint: `${origin}/T/token` }
}

async function ask(
  options: AuthorityOptions,
  fetch: typeof globalThis.fetch,
  instanceDiscovery: boolean | string = true,
  cache = memoryHttpCache(),
) {
  return discover({ send: createSend(fetch), cache }, parseAuthority(options), instanceDiscovery, () => ({ timeout: 1000 }))
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error !== undefined) expect(error).toBeInstanceOf(AuthError)
  return (error as AuthError | undefined)?.code
}

afterEach(() => {
  vi.useRealTimers()
})

describe('the discovery document', () => {
  it.each<[string, AuthorityOptions, string]>([
    ['the default', {}, `${ms}/common/v2.0${wellKnown}`],
    ['C1: a slash at the end', { authority: `${ms}/common/` }, `${ms}/common/v2.0${wellKnown}`],
    ['a query', { authority: 'https://LOGIN.microsoftonline.com:443/T?dc=x' }, `${ms}/T/v2.0${wellKnown}?dc=x`],
    ['an alias', { authority: `https://login.windows.net/${home}` }, `https://login.windows.net/${home}/v2.0${wellKnown}`],
    [
      'US Government',
      { authority: `https://login.microsoftonline.us/${home}` },
      `https://login.microsoftonline.us/${home}/v2.0${wellKnown}`,
    ],
    ['AD FS', { authority: 'https://fs.contoso.com/adfs' }, `https://fs.contoso.com/adfs${wellKnown}`],
    ['B2C', { authority: 'https://c.b2clogin.com/c/B2C_1_x' }, `https://c.b2clogin.com/c/B2C_1_x/v2.0${wellKnown}`],
    ['CIAM', { authority: 'https://c.ciamlogin.com' }, `https://c.ciamlogin.com/c.onmicrosoft.com/v2.0${wellKnown}`],
    ['an OpenID provider', { oidcAuthority: 'https://idp.example/t/' }, `https://idp.example/t${wellKnown}`],
    ['a trusted host', { authority: 'https://p.example/T', validateAuthority: false }, `https://p.example/T/v2.0${wellKnown}`],
    ['a known host', { authority: 'https://p.example/T', knownAuthorities: ['p.example'] }, `https://p.example/T/v2.0${wellKnown}`],
  ])('of %s is asked for at once, and nothing else', async (_, options, expected) => {
    const { urls, fetch } = provider()
    await ask(options, fetch)
    expect(urls).toEqual([expected])
  })

  it.each([
    [400, 'metadata_invalid'],
    [401, 'metadata_invalid'],
    [404, 'metadata_invalid'],
    [429, 'server_unavailable'],
    [500, 'server_unavailable'],
    [503, 'server_unavailable'],
    [302, 'bad_response'],
  ])('of status %i is %s', async (status, code) => {
    const { fetch } = provider(() => new Response('{"error":"invalid_tenant"}', { status }))
    expect(await codeOf(ask({}, fetch))).toBe(code)
  })

  it.each(['', '<html>', '[]', 'null', '"text"', '{"issuer":', '\ufeff{}'])('C17: that is %j is bad_response', async (body) => {
    const { fetch } = provider(() => new Response(body))
    expect(await codeOf(ask({}, fetch))).toBe('bad_response')
  })

  it('of status 404 is not believed, whatever it holds', async () => {
    const { fetch } = provider((url) => Response.json(documentAt(url), { status: 404 }))
    expect(await codeOf(ask({}, fetch))).toBe('metadata_invalid')
  })

  it('C17: that is empty is metadata_invalid', async () => {
    const { fetch } = provider(() => Response.json({}))
    expect(await codeOf(ask({}, fetch))).toBe('metadata_invalid')
  })

  it('S41: with a wrong issuer stops everything: no further request', async () => {
    const { urls, fetch } = provider((url) => Response.json({ ...documentAt(url), issuer: 'https://evil.example/v2.0' }))
    const app = new PublicClientApplication({ clientId: 'id', authority: `${ms}/T`, fetch })
    expect(await codeOf(app.initiateAuthCodeFlow({ scopes: ['s'] }))).toBe('metadata_invalid')
    expect(urls).toHaveLength(1)
  })
})

describe('instance discovery', () => {
  const unknown = { authority: 'https://login.unknown.example/T/x?y=z' }

  it('is asked of the public cloud for an unknown host', async () => {
    const { urls, fetch } = provider()
    await ask({ authority: 'https://login.unknown.example/T' }, fetch)
    const [first, second, ...others] = urls
    const { origin, pathname, searchParams } = new URL(first!)
    expect(origin + pathname).toBe(central)
    expect(Object.fromEntries(searchParams)).toEqual({
      authorization_endpoint: 'https://login.unknown.example/T/oauth2/v2.0/authorize',
      'api-version': '1.0',
    })
    expect(second).toBe(`https://login.unknown.example/T/v2.0${wellKnown}`)
    expect(others).toEqual([])
  })

  it('is never asked with false', async () => {
    const { urls, fetch } = provider()
    await ask(unknown, fetch, false)
    expect(urls).toEqual([`https://login.unknown.example/T/x/v2.0${wellKnown}?y=z`])
  })

  it.each([
    ['https://discovery.example/instance', 'https://discovery.example/instance?'],
    ['https://discovery.example/instance?region=x', 'https://discovery.example/instance?region=x&'],
  ])('is asked of %s where that is given', async (endpoint, start) => {
    const { urls, fetch } = provider((url) => (url.hostname === 'discovery.example' ? Response.json(instance(url)) : undefined))
    await ask({ authority: 'https://login.unknown.example/T' }, fetch, endpoint)
    expect(urls[0]!.startsWith(start)).toBe(true)
    expect(new URL(urls[0]!).searchParams.get('authorization_endpoint')).toBe('https://login.unknown.example/T/oauth2/v2.0/authorize')
    expect(urls.some((url) => url.startsWith(ms))).toBe(false)
  })

  it.each(['nonsense', '', 'http://discovery.example/', 'https://user@discovery.example/'])('refuses the endpoint %j', async (endpoint) => {
    const { urls, fetch } = provider()
    expect(await codeOf(ask({ authority: 'https://login.unknown.example/T' }, fetch, endpoint))).toBe('authority_invalid')
    expect(urls).toEqual([])
  })

  it.each<[string, () => Response]>([
    ['invalid_instance', () => Response.json({ error: 'invalid_instance' }, { status: 400 })],
    ['another error', () => Response.json({ error: 'invalid_request' }, { status: 400 })],
    ['an empty object', () => Response.json({})],
    ['no text', () => Response.json({ tenant_discovery_endpoint: 42 })],
    ['an error page', () => new Response('<html>', { status: 404 })],
  ])('S42: that answers %s is authority_unknown, and the host is not asked', async (_, answer) => {
    const { urls, fetch } = provider(answer)
    expect(await codeOf(ask(unknown, fetch))).toBe('authority_unknown')
    expect(urls).toHaveLength(1)
  })

  it.each([
    'https://evil.example/T/v2.0/.well-known/openid-configuration',
    'http://login.unknown.example/T',
    'javascript:alert(1)',
    'nonsense',
    'https://login.unknown.example.evil.example/T',
    'https://user:password@login.unknown.example/T/v2.0/.well-known/openid-configuration',
    'https://user@login.unknown.example/T',
    'https://:password@login.unknown.example/T',
    'https://login.unknown.example:8443/T',
    'https://user@login.microsoftonline.com/T',
    'https://login.microsoftonline.com:8443/T',
    'https://169.254.169.254/T',
    'https://[::1]/T',
    'https://0x7f.1/T',
    'https://localhost./T',
    'file:///etc/passwd',
  ])('S42: that names %s is metadata_invalid, and that is not asked', async (tenant_discovery_endpoint) => {
    const { urls, fetch } = provider(() => Response.json({ tenant_discovery_endpoint }))
    expect(await codeOf(ask(unknown, fetch))).toBe('metadata_invalid')
    expect(urls).toHaveLength(1)
  })

  it('S42: may name another page of the host and port that was asked, and no other port', async () => {
    const authority = 'https://login.unknown.example:8443/T'
    for (const [tenant_discovery_endpoint, code] of [
      ['https://login.unknown.example:8443/t/v2.0/.well-known/openid-configuration', undefined],
      ['https://login.unknown.example/T/v2.0/.well-known/openid-configuration', 'metadata_invalid'],
      ['https://login.unknown.example:9443/T/v2.0/.well-known/openid-configuration', 'metadata_invalid'],
    ] as const) {
      const { urls, fetch } = provider((url) =>
        Response.json(url.href.startsWith(central) ? { tenant_discovery_endpoint } : { ...documentAt(url), issuer: `${authority}/v2.0` }),
      )
      expect(await codeOf(ask({ authority }, fetch))).toBe(code)
      expect(urls.slice(1)).toEqual(code ? [] : [tenant_discovery_endpoint])
    }
  })

  it('may name a host of Microsoft', async () => {
    const tenant_discovery_endpoint = `${ms}/T/v2.0${wellKnown}`
    const issuer = 'https://login.unknown.example/T/v2.0'
    const { urls, fetch } = provider((url) =>
      Response.json(url.href.startsWith(central) ? { tenant_discovery_endpoint } : { ...documentAt(url), issuer }),
    )
    await ask({ authority: 'https://login.unknown.example/T' }, fetch)
    expect(urls[1]).toBe(tenant_discovery_endpoint)
  })

  it('that is unavailable is server_unavailable', async () => {
    const { fetch } = provider(() => new Response('', { status: 503 }))
    expect(await codeOf(ask(unknown, fetch))).toBe('server_unavailable')
  })
})

describe('S43: discovery of a client', () => {
  const client = (fetch: typeof globalThis.fetch, more: object = {}) =>
    new PublicClientApplication({ clientId: 'id', authority: `${ms}/common`, fetch, ...more })
  const start = (app: PublicClientApplication) => app.initiateAuthCodeFlow({ scopes: ['s'] })

  it('is not made before it is needed', async () => {
    const { urls, fetch } = provider()
    const app = client(fetch)
    await app.getAccounts()
    expect(urls).toEqual([])
  })

  it('is made once for 50 calls at the same time', async () => {
    const { urls, fetch } = provider(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return undefined as never
    })
    const app = client(fetch)
    const flows = await Promise.all(Array.from({ length: 50 }, () => start(app)))
    expect(urls).toHaveLength(1)
    expect(new Set(flows.map((flow) => flow.state)).size).toBe(50)
  })

  it.each<[string, () => Response]>([
    ['a 503', () => new Response('', { status: 503 })],
    ['a 404', () => new Response('', { status: 404 })],
    ['a page', () => new Response('<html>')],
    ['a bad document', () => Response.json({ issuer: 'https://evil.example' })],
  ])('that fails with %s is made again by the next call, and rejects all that waited', async (_, failure) => {
    let failures = 0
    const { urls, fetch } = provider(() => (failures++ ? undefined : failure()))
    const httpCache = new Map<string, string>()
    const app = client(fetch, { httpCache })
    const first = await Promise.allSettled([start(app), start(app), start(app)])
    expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(httpCache.size).toBe(0)
    expect(urls).toHaveLength(1)
    expect((await start(app)).authUri).toContain(`${ms}/T/authorize`)
    expect(urls).toHaveLength(2)
  })

  it('is shared by clients with one httpCache for 24 hours', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { urls, fetch } = provider()
    const httpCache = new Map<string, string>()
    const first = client(fetch, { httpCache })
    await start(first)
    await start(client(fetch, { httpCache }))
    vi.advanceTimersByTime(24 * 3600_000 - 1)
    await start(client(fetch, { httpCache }))
    await start(first)
    expect(urls).toHaveLength(1)
    vi.advanceTimersByTime(2)
    await start(first)
    expect(urls).toHaveLength(2)
    await start(client(fetch, { httpCache }))
    expect(urls).toHaveLength(2)
  })

  const stored = (change: (document: Record<string, unknown>) => object) => (value: string) => {
    const entry = JSON.parse(value)
    return JSON.stringify({ ...entry, document: change(entry.document) })
  }
  it.each<[string, (value: string) => string]>([
    ['no JSON', () => 'x'],
    ['cut off', (value) => value.slice(0, -5)],
    ['a list', () => '[]'],
    ['without a time', (value) => JSON.stringify({ ...JSON.parse(value), expiresAt: undefined })],
    ['said to be good for ever', (value) => JSON.stringify({ ...JSON.parse(value), expiresAt: 9e15 })],
    ['without an endpoint', stored(({ token_endpoint: _, ...others }) => others)],
    ['of another issuer', stored((document) => ({ ...document, issuer: 'https://evil.example' }))],
    ['with a foreign token endpoint', stored((document) => ({ ...document, token_endpoint: 'https://evil.example/token' }))],
    ['with a foreign authorization endpoint', stored((document) => ({ ...document, authorization_endpoint: 'https://evil.example/' }))],
    ['with null for a document', stored(() => null as never)],
  ])('S44: a cached document that is %s is fetched again', async (_, spoil) => {
    const { urls, fetch } = provider()
    const httpCache = new Map<string, string>()
    await start(client(fetch, { httpCache }))
    for (const [key, value] of httpCache) httpCache.set(key, spoil(value))
    const { authUri } = await start(client(fetch, { httpCache }))
    expect(new URL(authUri).origin).toBe(ms)
    expect(urls).toHaveLength(2)
    await start(client(fetch, { httpCache }))
    expect(urls).toHaveLength(2)
  })

  it('goes on without a cache that fails', async () => {
    const broken = () => {
      throw new Error('out of order')
    }
    const httpCache: HttpCache = { get: broken, set: broken, delete: broken }
    const { urls, fetch } = provider()
    await start(client(fetch, { httpCache }))
    expect(urls).toHaveLength(1)
  })
})
