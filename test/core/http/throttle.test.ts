import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryHttpCache } from '../../../src/core/http/http-cache.ts'
import type { HttpAnswer, Send } from '../../../src/core/http/http-client.ts'
import { parseJson } from '../../../src/core/http/parse-json.ts'
import { sendThrottled } from '../../../src/core/http/throttle.ts'
import type { HttpCache } from '../../../src/core/ports.ts'

const now = Date.UTC(2030, 0, 1)
const url = 'https://login.example/tenant/oauth2/v2.0/token'
const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'

beforeEach(() => void vi.useFakeTimers({ now, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

function setUp(status: number, body = '{"error":"invalid_grant"}', headers: Record<string, string> = {}, wait = 60_000) {
  const cache = new Map<string, string>()
  const send = vi.fn<Send>(async () => ({ status, headers: new Headers(headers), body }))
  const post = (form: Record<string, string> = { grant_type: 'refresh_token', refresh_token: 'rt' }, to = url) =>
    sendThrottled({ send, cache }, { method: 'POST', url: to, body: new URLSearchParams(form), timeout: 1000 }, wait)
  return { cache, send, post }
}

/** How long the second post is answered locally. */
async function heldBack(status: number, headers: Record<string, string> = {}, wait?: number): Promise<number> {
  const { send, post } = setUp(status, undefined, headers, wait)
  await post()
  let seconds = 0
  for (; seconds <= 4000; seconds++) {
    vi.setSystemTime(now + seconds * 1000)
    await post()
    if (send.mock.calls.length > 1) break
  }
  return seconds
}

describe('S40 a refusal is repeated locally', () => {
  it.each<[number, Record<string, string>, number | undefined, number]>([
    [400, {}, undefined, 60],
    [400, { 'retry-after': '5' }, undefined, 5],
    [400, { 'retry-after': '0' }, undefined, 0],
    [429, {}, 60_000, 60],
    [429, {}, 5000, 5],
    [500, {}, 60_000, 60],
    [503, {}, 5000, 5],
    [503, { 'retry-after': '120' }, 5000, 120],
    [429, { 'retry-after': '0' }, 5000, 0],
    [429, { 'retry-after': '1000000' }, 5000, 3600],
    [429, { 'retry-after': '-1' }, 5000, 5],
    [429, { 'retry-after': '1.5' }, 5000, 5],
    [503, { 'retry-after': 'Tue, 01 Jan 2030 00:00:09 GMT' }, 5000, 9],
    [401, {}, undefined, 0],
    [401, { 'retry-after': '7' }, undefined, 7],
    [403, {}, undefined, 0],
    [404, {}, undefined, 0],
    [200, { 'retry-after': '7' }, undefined, 0],
    [204, { 'retry-after': '7' }, undefined, 0],
  ])('%d with %o and a default of %s ms: for %d s', async (status, headers, wait, seconds) => {
    expect(await heldBack(status, headers, wait)).toBe(seconds)
  })

  it('in the same words, which this process alone remembers', async () => {
    const cache = new Map<string, string>()
    const body =
      '{"error":"invalid_grant","error_description":"CANARY mia@contoso.example","error_uri":"https://e.example","trace_id":"t-1"}'
    const send = vi.fn<Send>(async () => ({ status: 400, headers: new Headers(), body }))
    const request = { method: 'POST', url, body: new URLSearchParams({ grant_type: 'refresh_token' }), timeout: 1000 } as const
    const http = { send, cache }
    await sendThrottled(http, request, 1000)
    expect(JSON.parse((await sendThrottled(http, request, 1000)).body)).toEqual(JSON.parse(body))
    expect(JSON.stringify([...cache])).not.toMatch(/CANARY|mia/)
    const elsewhere = await sendThrottled({ send, cache }, request, 1000)
    expect(elsewhere).toMatchObject({ replayed: true, body: '{"error":"invalid_grant"}' })
    expect(send).toHaveBeenCalledTimes(1)
  })

  it('a thousand calls in ten seconds against 503 are two requests', async () => {
    const { send, post } = setUp(503, '<html>', {}, 5000)
    for (let i = 0; i < 1000; i++) {
      vi.setSystemTime(now + i * 10.01)
      await post()
    }
    expect(send).toHaveBeenCalledTimes(2)
  })

  it('S67 for no longer than it was to be, where the clock is set back meanwhile', async () => {
    const { send, post } = setUp(503, '<html>', { 'retry-after': '5' })
    await post()
    vi.setSystemTime(now - 1000_000)
    await post()
    expect(send).toHaveBeenCalledTimes(2)
    await post()
    expect(send).toHaveBeenCalledTimes(2)
  })

  it('S1 an answer that holds tokens never is', async () => {
    const { cache, send, post } = setUp(200, '{"access_token":"at"}', { 'retry-after': '60' })
    for (let i = 0; i < 3; i++) expect(await post()).not.toHaveProperty('replayed')
    expect(send).toHaveBeenCalledTimes(3)
    expect(cache.size).toBe(0)
  })

  it('device code polling is left alone', async () => {
    for (const status of [400, 429, 503]) {
      const { cache, send, post } = setUp(status, '{"error":"authorization_pending"}', { 'retry-after': '60' })
      const asked = vi.spyOn(cache, 'get')
      for (let i = 0; i < 3; i++) await post({ grant_type: deviceCode, device_code: 'd' })
      expect(send).toHaveBeenCalledTimes(3)
      expect(cache.size).toBe(0)
      expect(asked).not.toHaveBeenCalled()
    }
  })

  it('a network failure is not a refusal', async () => {
    const { cache, send, post } = setUp(200)
    send.mockRejectedValue(new Error('unreachable'))
    await expect(post()).rejects.toThrow()
    await expect(post()).rejects.toThrow()
    expect(send).toHaveBeenCalledTimes(2)
    expect(cache.size).toBe(0)
  })
})

describe('what is repeated', () => {
  it('is a 400 as it was, claims included', async () => {
    const details = { error: 'interaction_required', suberror: 'basic_action', error_codes: [50076], claims: '{"access_token":{}}' }
    const { post } = setUp(400, JSON.stringify({ ...details, error_description: 'AADSTS50076: alice', trace_id: 't' }))
    const first = await post()
    expect(first).not.toHaveProperty('replayed')
    const second = await post()
    expect(second).toMatchObject({ status: 400, replayed: true })
    expect(parseJson(second)).toEqual(details)
    expect(second.headers.get('retry-after')).toBeNull()
  })

  it('is a 429 with the time that is left', async () => {
    const { post } = setUp(429, '{"error":"temporarily_unavailable"}', { 'retry-after': '10' })
    await post()
    vi.setSystemTime(now + 3001)
    const second = await post()
    expect(second).toMatchObject({ status: 429, replayed: true })
    expect(second.headers.get('retry-after')).toBe('7')
    expect(parseJson(second)).toEqual({ error: 'temporarily_unavailable' })
  })

  it('is a 5xx without JSON as the same server_unavailable', async () => {
    const { post } = setUp(503, '<html>')
    const failure = async () => parseJson(await post())
    await expect(failure()).rejects.toMatchObject({ code: 'server_unavailable', status: 503 })
    await expect(failure()).rejects.toMatchObject({ code: 'server_unavailable', status: 503, retryAfter: 60_000 })
  })

  it('is a 5xx with an OAuth error as that error, and a 400 without one as the same bad_response', async () => {
    const server = setUp(500, '{"error":"server_error"}')
    await server.post()
    expect(parseJson(await server.post())).toEqual({ error: 'server_error' })
    const gateway = setUp(400, '<html>')
    await gateway.post()
    const second = await gateway.post()
    await expect((async () => parseJson(second))()).rejects.toMatchObject({ code: 'bad_response', status: 400 })
  })

  it('wire-protocol S14: holds no name, no token and no text of the provider', async () => {
    const secret = 'CANARY'
    const hostile = {
      error: 'invalid_grant',
      suberror: `${secret} has no licence`,
      error_description: `${secret}@contoso.com`,
      error_uri: `https://login.example/${secret}`,
      error_codes: [70000, secret, { secret }],
      access_token: secret,
      refresh_token: secret,
      correlation_id: secret,
    }
    const { cache, post } = setUp(400, JSON.stringify(hostile))
    await post({ grant_type: 'password', username: `${secret}@contoso.com`, password: secret, client_secret: secret })
    await post({ grant_type: 'authorization_code', code: secret, code_verifier: secret }, `${url}?login_hint=${secret}`)
    expect(cache.size).toBe(2)
    for (const [key, value] of cache) {
      expect(key).toMatch(/^POST https:\/\/login\.example\/tenant\/oauth2\/v2\.0\/token [\w-]{43}$/)
      expect(JSON.parse(value)).toEqual({
        life: 60_000,
        status: 400,
        expiresAt: now + 60_000,
        refusal: { error: 'invalid_grant', error_codes: [70000] },
      })
    }
  })

  it.each(['two words', '<b>x', 'x<b>', 'x'.repeat(65)])('holds no suberror that is no word: %s', async (suberror) => {
    const { post } = setUp(400, JSON.stringify({ error: 'invalid_grant', suberror }))
    await post()
    expect(parseJson(await post())).toEqual({ error: 'invalid_grant' })
  })

  it('S1 is never a success that somebody else put into the cache', async () => {
    const { cache, send, post } = setUp(429, '{"error":"x"}')
    await post()
    const [key] = cache.keys()
    for (const planted of [{ status: 200, refusal: { access_token: 'planted' } }, { status: 302 }, { status: 'x' }, {}, null]) {
      cache.set(key!, JSON.stringify({ ...planted, expiresAt: now + 1000 }))
      expect(await post()).not.toHaveProperty('replayed')
    }
    cache.set(key!, JSON.stringify({ status: 400, refusal: { error: 'x', access_token: 'planted' }, expiresAt: now + 1000 }))
    expect(parseJson(await post())).toEqual({ error: 'x' })
    cache.set(key!, JSON.stringify({ status: 429, expiresAt: now + 3_600_001 }))
    expect(await post()).not.toHaveProperty('replayed')
    expect(send).toHaveBeenCalledTimes(7)
  })
})

describe('S71 a refusal that repeats what was sent', () => {
  const secret = 'CANARY~a+b/c'

  it.each<[string, object]>([
    ['as its suberror', { suberror: 'CANARY.word' }],
    ['in its claims', { claims: `{"access_token":{"x":"${secret}"}}` }],
    ['in its claims, as in a form', { claims: `{"access_token":{"x":"${encodeURIComponent(secret)}"}}` }],
  ])('leaves no secret in the cache: %s', async (_, fields) => {
    const { cache, post } = setUp(400, JSON.stringify({ error: 'interaction_required', ...fields }))
    const form = { grant_type: 'refresh_token', refresh_token: secret, client_secret: 'CANARY.word' }
    await post(form)
    expect(cache.size).toBe(1)
    expect([...cache].flat().join()).not.toContain('CANARY')
    expect(parseJson(await post(form))).toEqual({ error: 'interaction_required', __proto__: null })
  })

  it('remembers nothing but the status where the error itself is a secret', async () => {
    const { cache, send, post } = setUp(400, '{"error":"CANARY.word","suberror":"x"}')
    const form = { grant_type: 'refresh_token', refresh_token: 'CANARY.word' }
    await post(form)
    expect(await post(form)).toMatchObject({ status: 400, body: '', replayed: true })
    expect(send).toHaveBeenCalledTimes(1)
    expect([...cache].flat().join()).not.toContain('CANARY')
  })
})

describe('S2 nobody is held back in place of somebody else', () => {
  const base = { client_id: 'c', scope: 's' }
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['refresh tokens', { refresh_token: 'a' }, { refresh_token: 'b' }],
    ['codes', { code: 'a' }, { code: 'b' }],
    ['assertions', { assertion: 'a' }, { assertion: 'b' }],
    ['user names', { username: 'a', password: 'p' }, { username: 'b', password: 'p' }],
    ['passwords', { username: 'a', password: 'p' }, { username: 'a', password: 'q' }],
    ['scopes', { scope: 'a' }, { scope: 'b' }],
    ['clients', { client_id: 'a' }, { client_id: 'b' }],
    ['secrets', { client_secret: 'a' }, { client_secret: 'b' }],
    ['claims', { claims: '{}' }, {}],
  ])('%s are told apart', async (_, one, other) => {
    for (const status of [400, 429, 503]) {
      const { send, post } = setUp(status)
      await post({ ...base, ...one })
      await post({ ...base, ...other })
      expect(send).toHaveBeenCalledTimes(2)
      await post({ ...base, ...one })
      await post({ ...base, ...other })
      expect(send).toHaveBeenCalledTimes(2)
    }
  })

  it('tenants and hosts are told apart', async () => {
    const { send, post } = setUp(429)
    for (const to of [url, url.replace('tenant', 'other'), url.replace('login', 'sts'), `${url}?dc=1`]) await post(undefined, to)
    expect(send).toHaveBeenCalledTimes(4)
  })

  it('a form and a query that read alike are told apart', async () => {
    const { send, post } = setUp(429)
    await post({ a: 'b' }, `${url}?`)
    await post({}, `${url}?a=b`)
    expect(send).toHaveBeenCalledTimes(2)
  })

  it('a newly signed client assertion and another order of the fields are the same request', async () => {
    const { send, post } = setUp(429)
    await post({ ...base, grant_type: 'client_credentials', client_assertion: 'one' })
    await post({ grant_type: 'client_credentials', client_assertion: 'two', scope: 's', client_id: 'c' })
    expect(send).toHaveBeenCalledTimes(1)
  })

  it('the key of a password request differs from process to process', async () => {
    const keys = new Set<string>()
    for (let i = 0; i < 2; i++) {
      vi.resetModules()
      const { sendThrottled } = await import('../../../src/core/http/throttle.ts')
      const send: Send = async () => ({ status: 400, headers: new Headers(), body: '' })
      for (const form of [{ username: 'u', password: 'p' }, { refresh_token: 'rt' }]) {
        const cache: HttpCache = { get: () => null, set: (key) => keys.add(key), delete: () => {} }
        await sendThrottled({ send, cache }, { method: 'POST', url, body: new URLSearchParams(form), timeout: 1000 }, 1000)
      }
    }
    expect(keys.size).toBe(3)
  })
})

it('a cache that fails holds nobody back', async () => {
  const { send } = setUp(429)
  const cache: HttpCache = { get: () => Promise.reject(new Error()), set: () => Promise.reject(new Error()), delete: () => {} }
  const request = { method: 'POST', url, body: new URLSearchParams({ a: 'b' }), timeout: 1000 } as const
  for (let i = 0; i < 2; i++)
    expect(await sendThrottled({ send, cache }, request, 1000)).toMatchObject<Partial<HttpAnswer>>({ status: 429 })
  expect(send).toHaveBeenCalledTimes(2)
})

it('works over the memory cache', async () => {
  const { send } = setUp(429)
  const http = { send, cache: memoryHttpCache() }
  const request = { method: 'POST', url, body: new URLSearchParams({ a: 'b' }), timeout: 1000 } as const
  await sendThrottled(http, request, 1000)
  expect(await sendThrottled(http, request, 1000)).toMatchObject({ replayed: true })
})
