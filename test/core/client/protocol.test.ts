import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeProvider, raw, refuse } from '../../support/fake-provider.ts'
import { codeOf, confidentialClient, errorOf, scopes, signedIn } from './support.ts'

const start = Date.UTC(2030, 0, 1)

beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const discoveries = (provider: FakeProvider) => provider.requests.filter(({ url }) => url.pathname.endsWith('openid-configuration')).length
const login = 'https://login.microsoftonline.com'

describe('discovery', () => {
  it('is made once for all who need it, and is good for a day', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    await Promise.all(['a', 'b', 'c'].map((scope) => app.acquireTokenForClient({ scopes: [scope] })))
    expect(discoveries(provider)).toBe(1)
    vi.setSystemTime(start + 86_399_000)
    await app.acquireTokenForClient({ scopes })
    expect(discoveries(provider)).toBe(1)
    vi.setSystemTime(start + 86_401_000)
    await app.acquireTokenForClient({ scopes, forceRefresh: true })
    expect(discoveries(provider)).toBe(2)
  })

  it('S67 is made again where the clock has been set back: nobody knows how old it is', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    await app.acquireTokenForClient({ scopes })
    vi.setSystemTime(start - 3_600_000)
    for (const scope of ['a', 'b']) await app.acquireTokenForClient({ scopes: [scope] })
    expect(discoveries(provider)).toBe(2)
    vi.setSystemTime(start - 3_600_000 + 86_399_000)
    await app.acquireTokenForClient({ scopes, forceRefresh: true })
    expect(discoveries(provider)).toBe(2)
  })

  it('that failed is tried again by the next call', async () => {
    const provider = new FakeProvider()
    provider.onRequest = () => new Response('', { status: 500 })
    const app = confidentialClient(provider)
    expect(await codeOf(app.acquireTokenForClient({ scopes }))).toBe('server_unavailable')
    provider.onRequest = undefined
    expect(await app.acquireTokenForClient({ scopes })).toHaveProperty('accessToken')
  })

  it('S73 one caller’s abort leaves it to the others', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    let answer = () => {}
    const wait = new Promise<void>((resolve) => {
      answer = resolve
    })
    provider.onRequest = ({ url }) =>
      url.pathname.endsWith('openid-configuration') ? wait.then(() => Response.json(provider.discovery(url))) : undefined
    const aborter = new AbortController()
    const one = codeOf(app.initiateAuthCodeFlow({ scopes, signal: aborter.signal }))
    const two = app.initiateAuthCodeFlow({ scopes })
    aborter.abort()
    expect(await one).toBe('aborted')
    answer()
    expect(await two).toHaveProperty('authUri')
    expect(discoveries(provider)).toBe(1)
  })

  it('is not looked up again in the httpCache, which may be far away', async () => {
    const httpCache = { get: vi.fn(), set: vi.fn(), delete: vi.fn() }
    const app = confidentialClient(new FakeProvider(), { httpCache })
    for (const scope of ['a', 'b']) await app.acquireTokenForClient({ scopes: [scope] })
    expect(httpCache.get.mock.calls.filter(([key]) => String(key).startsWith('GET '))).toHaveLength(1)
  })

  it('each tenant has its own', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    for (const tenant of ['a.example', 'b.example', 'a.example'])
      await app.acquireTokenForClient({ scopes: [tenant], authority: `${login}/${tenant}` })
    expect(discoveries(provider)).toBe(2)
  })

  it('a shared httpCache saves another client the request', async () => {
    const provider = new FakeProvider()
    const httpCache = new Map<string, string>()
    for (let turn = 0; turn < 2; turn++) await confidentialClient(provider, { httpCache }).acquireTokenForClient({ scopes })
    expect(discoveries(provider)).toBe(1)
    expect(provider.count()).toBe(2)
    expect([...httpCache].join()).not.toMatch(/at-\d|a-secret/)
  })
})

describe('S10 answers of the token endpoint', () => {
  it.each([
    ['a 200 that holds an error', refuse('invalid_grant', {}, 200), { code: 'interaction_required', error: 'invalid_grant', status: 200 }],
    ['a 400 without one', raw(400, '{}'), { code: 'bad_response', status: 400 }],
    ['a 400 with tokens', raw(400, '{"access_token":"x"}'), { code: 'bad_response', status: 400 }],
    ['a 201 with tokens', raw(201, '{"access_token":"x"}'), { code: 'bad_response', status: 201 }],
    ['an array', raw(200, '[]'), { code: 'bad_response' }],
    ['nothing', raw(200, ''), { code: 'bad_response' }],
    ['a token type nobody knows', raw(200, '{"access_token":"x","token_type":"constructor"}'), { code: 'bad_response' }],
    ['a redirect', raw(302, '', { location: 'https://evil.example' }), { code: 'bad_response' }],
    ['a 500 with HTML', raw(500, '<html>'), { code: 'server_unavailable', status: 500 }],
    ['a 500 with an error', refuse('server_error', {}, 500), { code: 'server_error', status: 500, action: 'retry' }],
    ['a 429', raw(429, '', { 'retry-after': '3' }), { code: 'throttled', status: 429, retryAfter: 3000, action: 'retry' }],
  ])('%s', async (_, reply, expected) => {
    const { provider, app, account, tokenCache } = await signedIn()
    tokenCache.serialize()
    provider.replies.push(reply)
    const call = app.acquireTokenSilentWithError({ scopes: ['Mail.Read'], account, correlationId: 'c' })
    expect(await errorOf(call)).toMatchObject({ ...expected, correlationId: 'c' })
    expect(tokenCache.hasStateChanged).toBe(false)
  })

  it('S69 what the provider says back is not quoted where it is a secret', async () => {
    const { provider, app, account } = await signedIn()
    provider.replies.push((request) =>
      Response.json({ error: 'invalid_grant', error_description: `bad ${request.form.refresh_token}` }, { status: 400 }),
    )
    const error = await errorOf(app.acquireTokenSilentWithError({ scopes: ['Mail.Read'], account }))
    expect(error.errorDescription).toBe('bad ***')
    expect(JSON.stringify(error) + error.stack).not.toMatch(/rt-\d/)
  })
})
