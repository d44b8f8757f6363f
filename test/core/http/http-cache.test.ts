import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Http } from '../../../src/core/http/document.ts'
import { getDocument, memoryHttpCache } from '../../../src/core/http/http-cache.ts'
import type { HttpAnswer, Send } from '../../../src/core/http/http-client.ts'
import type { HttpCache, LogRecord } from '../../../src/core/ports.ts'

const now = Date.UTC(2030, 0, 1)
const day = 86_400_000
const url = 'https://login.example/tenant/v2.0/.well-known/openid-configuration'
const request = { url, timeout: 1000, correlationId: 'c-1' }

beforeEach(() => void vi.useFakeTimers({ now, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

function answer(body: string, status = 200, headers: Record<string, string> = {}): HttpAnswer {
  return { status, headers: new Headers(headers), body }
}

function setUp(body: string | HttpAnswer = '{"issuer":"i"}', cache: HttpCache = new Map<string, string>()) {
  const send = vi.fn<Send>(async () => (typeof body === 'string' ? answer(body) : body))
  const log: LogRecord[] = []
  const http: Http = { send, cache, logger: (record) => log.push(record) }
  return { http, send, log, cache: cache as Map<string, string> }
}

const entry = (expiresAt: unknown, document: unknown = { issuer: 'cached' }) => JSON.stringify({ expiresAt, document })
const issuer = (document: Record<string, unknown>) => String(document.issuer)

describe('the memory cache', () => {
  const value = (expiresAt: number) => JSON.stringify({ expiresAt })

  it('C23 is bounded: the expired go first, then what expires soonest', () => {
    const cache = memoryHttpCache(3)
    cache.set('expired', value(now))
    cache.set('late', value(now + 9000))
    cache.set('soon', value(now + 1000))
    cache.set('a', value(now + 5000))
    expect(['expired', 'late', 'soon', 'a'].filter((key) => cache.get(key))).toEqual(['late', 'soon', 'a'])
    cache.set('b', value(now + 500))
    expect(['late', 'soon', 'a', 'b'].filter((key) => cache.get(key))).toEqual(['late', 'a', 'b'])
    vi.setSystemTime(now + 5000)
    cache.set('c', value(now + 9000))
    expect(['late', 'a', 'b', 'c'].filter((key) => cache.get(key))).toEqual(['late', 'c'])
  })

  it('holds 1 024 entries', () => {
    const cache = memoryHttpCache()
    for (let i = 0; i < 3000; i++) cache.set(`${i}`, value(now + 1000 + i))
    const kept = Array.from({ length: 3000 }, (_, i) => `${i}`).filter((key) => cache.get(key))
    expect(kept).toHaveLength(1024)
    expect(kept[0]).toBe('1976')
  })

  it('replaces an entry in place, deletes one, and takes what is no JSON', () => {
    const cache = memoryHttpCache(2)
    cache.set('a', value(now + 1))
    cache.set('b', value(now + 1))
    cache.set('b', value(now + 2))
    expect(cache.get('a')).toBeDefined()
    cache.delete('a')
    expect(cache.get('a')).toBeUndefined()
    cache.set('c', 'no JSON')
    expect(cache.get('c')).toBe('no JSON')
    cache.set('d', value(now + 1))
    expect(cache.get('c')).toBeUndefined()
  })
})

describe('a document', () => {
  it('is asked for once a day', async () => {
    const { http, send } = setUp()
    for (let i = 0; i < 3; i++) expect(await getDocument(http, request, issuer)).toBe('i')
    expect(send).toHaveBeenCalledTimes(1)
    vi.setSystemTime(now + day - 1)
    await getDocument(http, request, issuer)
    expect(send).toHaveBeenCalledTimes(1)
    vi.setSystemTime(now + day)
    await getDocument(http, request, issuer)
    expect(send).toHaveBeenCalledTimes(2)
  })

  it('S38 is capped at 512 KiB, or at what the caller says', async () => {
    const { http, send } = setUp()
    await getDocument(http, { ...request, signal: undefined }, issuer)
    expect(send.mock.calls[0]![0]).toMatchObject({ method: 'GET', url, maxBytes: 524_288, correlationId: 'c-1' })
    await getDocument(http, { ...request, url: `${url}/2`, maxBytes: 10 }, issuer)
    expect(send.mock.calls[1]![0]).toMatchObject({ maxBytes: 10 })
  })

  it('that is not there is not deleted: a distributed cache charges for it', async () => {
    const { http, cache } = setUp()
    const deleted = vi.spyOn(cache, 'delete')
    await getDocument(http, request, issuer)
    expect(deleted).not.toHaveBeenCalled()
  })

  it('is stored as a JSON string with its expiry, under a key of method and URL', async () => {
    const { http, cache } = setUp()
    await getDocument(http, request, issuer)
    expect([...cache.keys()]).toEqual([`GET ${url}`])
    expect(JSON.parse([...cache.values()][0]!)).toEqual({ expiresAt: now + day, document: { issuer: 'i' } })
  })

  it('wire-protocol S14: with a person’s name in its URL leaves none in the key', async () => {
    const { http, cache, send } = setUp()
    for (const name of ['alice', 'bob', 'alice']) {
      const personal = { ...request, url: `https://login.example/common/userrealm/${name}%40contoso.com?api-version=1.0`, kept: ['issuer'] }
      await getDocument(http, personal, issuer)
    }
    expect(send).toHaveBeenCalledTimes(2)
    for (const key of cache.keys()) expect(key).toMatch(/^GET https:\/\/login\.example [\w-]{43}$/)
    for (const value of cache.values()) expect(JSON.parse(value).document).toEqual({ issuer: 'i' })
  })

  it('comes from a synchronous cache without a request, in whatever form the cache is', async () => {
    const caches: HttpCache[] = [
      new Map([[`GET ${url}`, entry(now + 1)]]),
      { get: async () => entry(now + 1), set: async () => {}, delete: async () => {} },
    ]
    for (const cache of caches) {
      const { http, send } = setUp('{}', cache)
      expect(await getDocument(http, request, issuer)).toBe('cached')
      expect(send).not.toHaveBeenCalled()
    }
  })

  it.each([
    ['broken', 'no JSON'],
    ['an array', '[1]'],
    ['empty', ''],
    ['expired', entry(now)],
    ['from a clock far ahead', entry(now + day + 1)],
    ['without expiry', entry(undefined)],
    ['with a foreign expiry', entry('soon')],
    ['without a document', JSON.stringify({ expiresAt: now + 1 })],
    ['with a document that is no object', entry(now + 1, ['x'])],
    ['too deep', `{"expiresAt":${now + 1},"document":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ])('an entry that is %s is a miss, and is replaced', async (_, value) => {
    const { http, send, cache, log } = setUp('{"issuer":"i"}', new Map([[`GET ${url}`, value]]))
    expect(await getDocument(http, request, issuer)).toBe('i')
    expect(send).toHaveBeenCalledOnce()
    expect(JSON.parse(cache.get(`GET ${url}`)!).document).toEqual({ issuer: 'i' })
    expect(log).toEqual([])
  })

  it('that has expired is deleted, even where no new one comes', async () => {
    const { http, send, cache } = setUp('', new Map([[`GET ${url}`, entry(now)]]))
    send.mockRejectedValue(new Error('unreachable'))
    await expect(getDocument(http, request, issuer)).rejects.toThrow('unreachable')
    expect(cache.size).toBe(0)
  })

  it('that its reader refuses is neither stored nor served', async () => {
    const { http, send, cache } = setUp('{"issuer":"bad"}')
    const strict = (document: Record<string, unknown>) => {
      if (document.issuer !== 'good') throw new RangeError('issuer')
      return document
    }
    await expect(getDocument(http, request, strict)).rejects.toThrow(RangeError)
    expect(cache.size).toBe(0)
    cache.set(`GET ${url}`, entry(now + 1, { issuer: 'poisoned' }))
    send.mockResolvedValue(answer('{"issuer":"good"}'))
    expect(await getDocument(http, request, strict)).toEqual({ issuer: 'good' })
    expect(JSON.parse(cache.get(`GET ${url}`)!).document).toEqual({ issuer: 'good' })
  })

  it('is read but not stored with a status of 4xx', async () => {
    for (const [status, body, document] of [
      [400, '{"error":"invalid_instance"}', { error: 'invalid_instance' }],
      [400, '<html>', {}],
      [404, '<html>', {}],
    ] as const) {
      const { http, cache } = setUp(answer(body, status))
      expect(await getDocument(http, request, (...found) => found)).toEqual([document, status])
      expect(cache.size).toBe(0)
    }
  })

  it('S32 with 429 or 5xx is server_unavailable, even where it holds JSON', async () => {
    for (const status of [429, 500, 503]) {
      const { http, cache } = setUp(answer('{"error":"x"}', status, { 'retry-after': '3' }))
      await expect(getDocument(http, request, issuer)).rejects.toMatchObject({
        code: 'server_unavailable',
        status,
        retryAfter: 3000,
        action: 'retry',
        correlationId: 'c-1',
      })
      expect(cache.size).toBe(0)
    }
  })

  it('that is no JSON object is bad_response and not stored', async () => {
    const { http, cache } = setUp('<html>')
    await expect(getDocument(http, request, issuer)).rejects.toMatchObject({ code: 'bad_response', status: 200 })
    expect(cache.size).toBe(0)
  })
})

describe('a cache that fails', () => {
  const broken: Record<string, HttpCache> = {
    throws: {
      get: () => {
        throw new Error('CANARY')
      },
      set: () => {
        throw new Error('CANARY')
      },
      delete: () => {},
    },
    rejects: { get: () => Promise.reject(new Error('CANARY')), set: () => Promise.reject(new Error('CANARY')), delete: () => {} },
    hangs: { get: () => new Promise(() => {}), set: () => new Promise(() => {}), delete: () => {} },
    'cannot delete': {
      get: () => entry(0),
      set: () => Promise.reject(new Error('CANARY')),
      delete: () => Promise.reject(new Error('CANARY')),
    },
    'gives no string': { get: () => ({}) as unknown as string, set: () => Promise.reject(new Error('CANARY')), delete: () => {} },
  }
  for (const [name, cache] of Object.entries(broken)) {
    it(`${name}: the document comes from the network, and the log says so`, async () => {
      const { http, send, log } = setUp('{"issuer":"i"}', cache)
      expect(await getDocument(http, { ...request, timeout: 30 }, issuer)).toBe('i')
      expect(send).toHaveBeenCalledOnce()
      expect(log.length).toBeGreaterThan(0)
      expect(log[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('cache'), correlationId: 'c-1' })
      expect(JSON.stringify(log)).not.toContain('CANARY')
    })
  }

  it('S37 does not keep an abort from being heard', async () => {
    const { http, send } = setUp('{}', broken.hangs!)
    const controller = new AbortController()
    const promise = getDocument(http, { ...request, signal: controller.signal }, issuer)
    controller.abort('enough')
    await expect(promise).rejects.toMatchObject({ code: 'aborted', cause: 'enough' })
    expect(send).not.toHaveBeenCalled()
  })
})
