import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CacheStore } from '../../src/core/index.ts'
import { durableObjectStore, type TokenCacheStub } from '../../src/edge/index.ts'
import { bundleWorker, startWorkerd, workerOf } from './workerd-support.ts'

// The object is a real one in workerd; the store asks it from here.
interface ObjectNamespace {
  idFromName(name: string): unknown
  get(id: unknown): TokenCacheStub & { fetch: typeof fetch }
}

let workerd: Miniflare
let stubOf: (name: string) => TokenCacheStub & { fetch: typeof fetch }
beforeAll(async () => {
  const durableObjects = {
    TOKENS: { className: 'OpenObject', useSQLite: true },
    KEYS_AND_VALUES: { className: 'TokenCacheObject', useSQLite: false },
  }
  workerd = await startWorkerd(workerOf('contract', await bundleWorker('contract'), { kvNamespaces: ['KV'], durableObjects }))
  // Its declarations need those of Cloudflare, which are not here.
  const namespace = (await workerd.getDurableObjectNamespace('TOKENS')) as unknown as ObjectNamespace
  stubOf = (name) => namespace.get(namespace.idFromName(name))
})
afterAll(() => workerd?.dispose())

type Locking = CacheStore & Required<Pick<CacheStore, 'lock' | 'list'>>

const pass = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const fresh = () => {
  const name = crypto.randomUUID()
  return { name, store: durableObjectStore(() => stubOf(name)) as Locking }
}
const send = async (name: string, request: object): Promise<unknown> =>
  (await stubOf(name).fetch('https://object/', { method: 'POST', body: JSON.stringify(request) })).json()
const inside = async (name: string, method = 'GET') =>
  (await stubOf(name).fetch('https://object/', { method })).json() as Promise<{ keys: string[]; alarm: number | null }>

describe('a partition', () => {
  test('ends with its ttl, and the alarm removes all of it', async () => {
    const { name, store } = fresh()
    await store.write('user:short', 'x'.repeat(130_000), { ttl: 300 })
    const version = await store.write('user:long', 'value', { ttl: 3_600_000 })
    await store.write('user:ever', 'value', {})
    const before = await inside(name)
    expect(before.keys).toHaveLength(2 + 2 + 4)
    // Not within a minute: it would ring too often.
    expect(before.alarm! - Date.now()).toBeGreaterThan(50_000)
    expect(before.alarm! - Date.now()).toBeLessThanOrEqual(60_000)
    await pass(320)
    expect(await store.read('user:short')).toBeNull()
    const names: string[] = []
    for await (const partition of store.list()) names.push(partition)
    expect(names.sort()).toEqual(['user:ever', 'user:long'])
    const { keys, alarm } = await inside(name, 'PUT')
    expect(keys.filter((key) => key.startsWith('partition '))).toEqual(['partition "user:ever"', 'partition "user:long"'])
    expect(keys).toHaveLength(4)
    expect(alarm! - Date.now()).toBeGreaterThan(3_500_000)
    expect((await store.read('user:long'))?.version).toBe(version)
    expect(await store.write('user:short', 'new', { version: null })).not.toBe('conflict')
  })

  test('leaves nothing behind when it is replaced or removed', async () => {
    const { name, store } = fresh()
    for (const length of [0, 1, 60_000, 60_001, 200_000]) {
      const value = '€'.repeat(length)
      await store.write('user:u', value, {})
      expect((await store.read('user:u'))?.value).toBe(value)
      expect((await inside(name)).keys).toHaveLength(1 + Math.ceil(length / 60_000))
    }
    await store.remove('user:u')
    expect((await inside(name)).keys).toEqual([])
  })

  test('is written once where the same request comes twice', async () => {
    const { name, store } = fresh()
    const request = { operation: 'write', partition: 'user:u', value: 'one', next: 'n1', version: null }
    expect([await send(name, request), await send(name, request)]).toEqual([true, true])
    expect(await send(name, { ...request, next: 'n2' })).toBe(false)
    expect(await store.read('user:u')).toEqual({ value: 'one', version: 'n1' })
  })

  test('is listed, however many there are, whatever their names', async () => {
    const { name, store } = fresh()
    const names = ['user:\ud800', 'user:"\\', '', ...Array.from({ length: 1100 }, (_, index) => `user:${index}`)]
    const writes = names.map((partition) => ({ operation: 'write', partition, value: 'v', next: crypto.randomUUID() }))
    await stubOf(name).fetch('https://object/', { method: 'PATCH', body: JSON.stringify(writes) })
    const listed: string[] = []
    for await (const name of store.list()) listed.push(name)
    expect(listed.sort()).toEqual(names.sort())
  })
})

describe('the lock', () => {
  test('of a holder that vanished is free when its lease ends, and what it writes later is refused', async () => {
    const { name, store } = fresh()
    const version = await store.write('user:u', 'one', { version: null })
    expect(await send(name, { operation: 'lock', partition: 'user:u', owner: 'gone', lease: 400, renew: false })).toBe(true)
    const begin = Date.now()
    await store.lock('user:u', async () => {
      expect(Date.now() - begin).toBeGreaterThanOrEqual(350)
      expect(await store.write('user:u', 'late', { version })).toBe('conflict')
      const found = await store.read('user:u')
      expect(found?.value).toBe('one')
      expect(await store.write('user:u', 'two', { version: found!.version })).not.toBe('conflict')
    })
    expect(await send(name, { operation: 'lock', partition: 'user:u', owner: 'gone', lease: 400, renew: true })).toBe(false)
    await send(name, { operation: 'unlock', partition: 'user:u', owner: 'gone' })
    expect((await store.read('user:u'))?.value).toBe('two')
  })

  test('of one that released it moves no version, and nobody takes it from a holder', async () => {
    const { name, store } = fresh()
    const version = await store.write('user:u', 'one', { version: null })
    await store.lock('user:u', async () => {
      await send(name, { operation: 'unlock', partition: 'user:u', owner: 'somebody' })
      expect(await send(name, { operation: 'lock', partition: 'user:u', owner: 'other', lease: 400, renew: false })).toBe(false)
    })
    await store.lock('user:u', async () => {})
    expect((await store.read('user:u'))?.version).toBe(version)
    expect((await inside(name)).keys.filter((key) => key.startsWith('lock '))).toEqual([])
  })

  test('is renewed while a task takes longer than the lease', async () => {
    const { name, store } = fresh()
    await store.lock('user:u', async () => {
      await pass(3600)
      expect(await send(name, { operation: 'lock', partition: 'user:u', owner: 'other', lease: 400, renew: false })).toBe(false)
    })
  })

  test('comes to nobody where the wait was given up, even if it is granted late', async () => {
    const { name } = fresh()
    const slow = durableObjectStore(() => ({
      async fetch(url, init) {
        if (init.body.includes('"lock"')) await pass(200)
        return stubOf(name).fetch(url, init)
      },
    })) as Locking
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 50)
    const waiting = slow.lock('user:u', () => Promise.reject(new Error('It ran.')), controller.signal)
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    await pass(500)
    expect((await inside(name)).keys).toEqual([])
  })
})

describe('the store', () => {
  const failing = (answer: () => Promise<Response>) => {
    const calls: { url: string; body: string }[] = []
    const stub: TokenCacheStub = {
      fetch(url, { body }) {
        calls.push({ url, body })
        return answer()
      },
    }
    return { calls, store: durableObjectStore(stub) as Locking }
  }
  const failure = (fields: object) => () => Promise.reject(Object.assign(new Error('secret'), fields))

  test.each([
    ['a failure', failure({}), 'unreachable', 1],
    ['an object that has moved', failure({ retryable: true }), 'unreachable', 2],
    ['an object that has too much to do', failure({ retryable: true, overloaded: true }), 'unreachable', 1],
    ['a status', async () => new Response('secret', { status: 500 }), 'server_unavailable', 1],
    ['HTML', async () => new Response('<html>secret'), 'bad_response', 1],
    ['something else', async () => Response.json({ value: 1 }), 'bad_response', 1],
  ] as const)('tells of %s', async (_, answer, code, times) => {
    for (const task of [
      (store: Locking) => store.read('user:u'),
      (store: Locking) => store.write('user:u', 'secret', {}),
      (store: Locking) => store.lock('user:u', async () => 'ran'),
      (store: Locking) => store.list()[Symbol.asyncIterator]().next(),
    ]) {
      const { calls, store } = failing(answer)
      const error = await task(store).catch((error: unknown) => error)
      expect(error).toMatchObject({ code })
      expect(String((error as Error).stack) + String((error as Error).cause)).not.toContain('secret')
      expect(calls).toHaveLength(times)
      expect(calls[0]!.url).toBe('https://token-cache.invalid/')
    }
  })

  test('says nothing of what failed inside the object', async () => {
    const { name } = fresh()
    for (const body of ['secret', '{}', '{"operation":"write","partition":"u","value":1}']) {
      const response = await stubOf(name).fetch('https://object/', { method: 'POST', body })
      expect([response.status, await response.text()]).toEqual([500, ''])
    }
  })

  test('lists one object, and not many', () => {
    expect(durableObjectStore((partition) => stubOf(partition)).list).toBeUndefined()
    expect(durableObjectStore(() => stubOf('all')).list).toBeDefined()
    expect(durableObjectStore(stubOf('all')).list).toBeDefined()
  })

  test.each([undefined, null, {}, 'stub'])('is not made of %s', (stub) => {
    expect(() => durableObjectStore(stub as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})
