import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ManagedIdentitySource } from '../../../src/node/managed-identity/sources.ts'
import { canary, leaks } from '../../support/canary.ts'
import { refusedOrigin } from '../../support/fault-server.ts'
import { arcFiles, clientOn, failure, machine, type Platform, resource, sources, startPlatform, token, variablesFor } from './support.ts'

let server: Platform
beforeEach(async () => {
  server = await startPlatform({
    'token-then-stalls': (response) => void (server.hits.length === 1 && response.writeHead(503).end('{}')),
  })
})
afterEach(async () => {
  vi.useRealTimers()
  await server.close()
})

const on = (source: ManagedIdentitySource, mood: string) => machine(variablesFor[source](server.url(mood)), arcFiles())
const ask = (source: ManagedIdentitySource, mood = 'token') =>
  clientOn(on(source, mood)).acquireTokenForClient({ resource, correlationId: 'c-1' })

describe('S40 an endpoint that wants to be left alone', () => {
  it.each<[number, Record<string, string>, number]>([
    [429, {}, 5],
    [429, { 'retry-after': '30' }, 30],
    [500, {}, 5],
    [503, { 'retry-after': '7' }, 7],
    [503, { 'retry-after': 'soon' }, 5],
    [400, { 'retry-after': '9' }, 9],
    [400, {}, 0],
    [404, {}, 0],
    [429, { 'retry-after': '0' }, 0],
    [429, { 'retry-after': '99999' }, 3600],
  ])('%i with %j is left alone for %i s', async (code, more, seconds) => {
    server.status = code
    server.headers = more
    server.content = () => ({ statusCode: code, message: 'later' })
    const client = clientOn(on('app_service', 'token'))
    const start = Date.now()
    const at = (second: number) => {
      vi.useFakeTimers({ now: start + second * 1000, toFake: ['Date'] })
      return failure(client.acquireTokenForClient({ resource }))
    }
    const first = await at(0)
    expect(first).toMatchObject({ name: 'ServerError', code: code === 429 ? 'throttled' : 'server_error', status: code })
    if (seconds) {
      const again = await at(seconds - 1)
      expect(again).toMatchObject({ name: 'ServerError', code: 'throttled', action: 'retry', error: 'invalid_scope', status: code })
      expect(again.retryAfter).toBe(1000)
      expect(server.hits).toHaveLength(1)
    }
    await at(seconds + 0.001)
    expect(server.hits).toHaveLength(2)
  })

  it('is left alone by every client of one HTTP cache, for this identity and resource', async () => {
    const httpCache = new Map<string, string>()
    server.status = 503
    server.content = () => ({ secret: canary('answer') })
    const client = (identity?: { clientId: string }) => clientOn(on('app_service', 'token'), { httpCache, ...(identity && { identity }) })
    expect(await failure(client().acquireTokenForClient({ resource }))).toMatchObject({ code: 'server_unavailable', status: 503 })
    expect(await failure(client().acquireTokenForClient({ resource }))).toMatchObject({
      code: 'throttled',
      error: 'temporarily_unavailable',
    })
    expect(server.hits).toHaveLength(1)
    await failure(client({ clientId: 'c' }).acquireTokenForClient({ resource }))
    await failure(client().acquireTokenForClient({ resource: 'other' }))
    expect(server.hits).toHaveLength(3)
    expect(leaks([...httpCache])).toEqual([])
  })

  it('does not keep a token that still lives from its callers', async () => {
    server.content = () => token(3600)
    const client = clientOn(on('app_service', 'token'))
    await client.acquireTokenForClient({ resource })
    vi.useFakeTimers({ now: Date.now() + 3_400_000, toFake: ['Date'] })
    server.status = 503
    for (let call = 0; call < 3; call++) {
      expect(await client.acquireTokenForClient({ resource })).toMatchObject({ accessToken: 'at', tokenSource: 'cache' })
    }
    expect(server.hits).toHaveLength(2)
  })

  it('never remembers a token', async () => {
    server.headers = { 'retry-after': '60' }
    const httpCache = new Map<string, string>()
    const client = clientOn(on('app_service', 'token'), { httpCache })
    await client.acquireTokenForClient({ resource })
    await client.acquireTokenForClient({ resource, claimsChallenge: '{}' })
    expect(httpCache.size).toBe(0)
    expect(server.hits).toHaveLength(2)
  })
})

describe('IMDS', () => {
  it.each([404, 408, 410, 429, 500, 503])('is asked three times on %i, then left alone where it says so', async (code) => {
    server.status = code
    server.content = () => ({ error: 'later' })
    const place = on('imds', 'token')
    const client = clientOn(place)
    expect(await failure(client.acquireTokenForClient({ resource }))).toMatchObject({ name: 'ServerError', error: 'later', status: code })
    expect(server.hits).toHaveLength(3)
    expect(place.pauses).toEqual([1000, 2000])
    await failure(client.acquireTokenForClient({ resource }))
    expect(server.hits).toHaveLength(code === 429 || code >= 500 ? 3 : 6)
  })

  it.each([400, 401, 403])('is asked once on %i', async (code) => {
    server.status = code
    server.content = () => ({ error: 'no' })
    await failure(ask('imds'))
    expect(server.hits).toHaveLength(1)
  })

  it('gives its token at the second try', async () => {
    server.status = 410
    const place = on('imds', 'token')
    const sleep = async () => {
      server.status = 200
    }
    expect(await clientOn({ ...place, sleep }).acquireTokenForClient({ resource })).toMatchObject({ accessToken: 'at' })
    expect(server.hits).toHaveLength(2)
  })

  it('is not waited for longer than the deadline', async () => {
    server.status = 429
    server.content = () => ({ error: 'later' })
    server.headers = { 'retry-after': '3' }
    const place = on('imds', 'token')
    await failure(clientOn(place).acquireTokenForClient({ resource }))
    expect(place.pauses).toEqual([3000, 3000])
    place.pauses.length = 0
    await failure(clientOn(place, { timeout: 2900 }).acquireTokenForClient({ resource }))
    expect(place.pauses).toEqual([])
    expect(server.hits).toHaveLength(4)
  })

  it('has what is left of the deadline for another try', async () => {
    const start = Date.now()
    server.status = 503
    const place = on('imds', 'token-then-stalls')
    const sleep = async () => void vi.useFakeTimers({ now: start + 9_900, toFake: ['Date'] })
    const begun = performance.now()
    const error = await failure(clientOn({ ...place, sleep }, { timeout: 10_000 }).acquireTokenForClient({ resource }))
    expect(error).toMatchObject({ code: 'timed_out' })
    expect(server.hits).toHaveLength(2)
    // A whole timeout more would take ten seconds.
    expect(performance.now() - begun).toBeLessThan(5000)
  })

  it.each(['app_service', 'machine_learning', 'service_fabric', 'azure_arc', 'cloud_shell'] as const)(
    'is not what %s is',
    async (source) => {
      server.status = 503
      const place = on(source, 'token')
      await failure(clientOn(place).acquireTokenForClient({ resource }))
      expect(place.pauses).toEqual([])
      expect(server.hits).toHaveLength(source === 'azure_arc' ? 2 : 1)
    },
  )

  it.each([
    [undefined, undefined, 5000],
    [undefined, 8000, 8000],
    [undefined, 2000, 2000],
    [3000, undefined, 3000],
    [20_000, undefined, 20_000],
  ])('S36 has so many milliseconds, the client’s %s, the call’s %s: %i', async (own, call, milliseconds) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const stall = vi.fn(() => new Promise<never>(() => {}))
    const client = clientOn(on('imds', 'token'), { fetch: stall, ...(own && { timeout: own }) })
    const outcome = failure(client.acquireTokenForClient({ resource, ...(call && { timeout: call }) }))
    let over = false
    outcome.finally(() => {
      over = true
    })
    while (!stall.mock.calls.length) await new Promise(setImmediate)
    await vi.advanceTimersByTimeAsync(milliseconds - 1)
    expect(over).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await outcome).toMatchObject({ code: 'timed_out' })
  })
})

describe('an endpoint out of reach', () => {
  it.each(sources)('%s', async (source) => {
    const nobody = await refusedOrigin()
    const client = clientOn(machine(variablesFor[source](`${nobody}/x`), arcFiles()))
    expect(await failure(client.acquireTokenForClient({ resource }))).toMatchObject({ name: 'NetworkError', code: 'unreachable' })
  })

  it.each(['stall-headers', 'stall-body', 'drip'])('S36 %s ends with the timeout', async (mood) => {
    const error = await failure(clientOn(on('app_service', mood)).acquireTokenForClient({ resource, timeout: 150 }))
    expect(error).toMatchObject({ code: 'timed_out' })
  })

  it('is reached by the caller’s own fetch', async () => {
    const urls: string[] = []
    const client = clientOn(on('imds', 'token'), {
      fetch: (url, init) => {
        urls.push(String(url))
        return fetch(url, init)
      },
    })
    await client.acquireTokenForClient({ resource })
    expect(urls).toEqual([expect.stringContaining('/token?')])
  })
})
