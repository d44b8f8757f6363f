import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CacheStore } from '../../src/core/ports.ts'
import { redisStore } from '../../src/redis/index.ts'
import { cacheStoreContract } from '../../src/testing/cache-store-contract.ts'
import {
  type Connection,
  connections,
  connectUpstash,
  counting,
  poll,
  type RedisServer,
  startRedis,
  timeout,
  withoutRedis,
} from './redis-support.ts'

describe.skipIf(withoutRedis)('redisStore', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.close())
  beforeEach(() => server.raw.flushall())

  describe.each(Object.entries(connections))('over %s', (_name, connect) => {
    let connection: Connection
    let store: CacheStore
    beforeEach(async () => {
      connection = await connect(server)
      store = redisStore(connection.client, { timeout })
    })
    afterEach(() => connection.close())

    for (const { name, run } of cacheStoreContract(() => store)) test(`contract: ${name}`, run)

    test('reads null where there is nothing, and what was written', async () => {
      expect(await store.read('user')).toBeNull()
      const version = await store.write('user', 'value', { version: null })
      expect(await store.read('user')).toEqual({ value: 'value', version })
    })

    test.each([
      ['empty', ''],
      ['JSON', '{"a":[1,null,"ü"],"b":"\\u0000"}'],
      ['a JSON text', '"quoted"'],
      ['a JSON array', '[1,2]'],
      ['a number', '1'],
      ['a long number', '12345678901234567890'],
      ['null', 'null'],
      ['true', 'true'],
      ['a byte order mark', '\ufeffvalue'],
      ['NUL, line ends and other planes', 'a\0b\r\n$3\r\nfoo\u{1f600}\u2028'],
      ['base64', 'T0s='],
      ['OK', 'OK'],
      ['300 KB', 'ä'.repeat(150_000)],
    ])('a value stays the text that it was: %s', async (_kind, value) => {
      await store.write('user', value, {})
      expect((await store.read('user'))?.value).toBe(value)
    })

    test('a write with version null needs that there is nothing', async () => {
      const version = await store.write('user', 'first', { version: null })
      expect(await store.write('user', 'second', { version: null })).toBe('conflict')
      expect(await store.read('user')).toEqual({ value: 'first', version })
    })

    test('a write with a version needs that very version', async () => {
      const first = await store.write('user', '1', { version: null })
      const second = await store.write('user', '2', { version: first })
      expect(second).not.toBe(first)
      expect(await store.write('user', '3', { version: first })).toBe('conflict')
      expect(await store.write('user', '3', { version: '' })).toBe('conflict')
      expect(await store.write('other', '3', { version: first })).toBe('conflict')
      expect(await store.write('other', '3', { version: '' })).toBe('conflict')
      expect(await store.read('user')).toEqual({ value: '2', version: second })
      expect(await store.read('other')).toBeNull()
    })

    test('a write without a version replaces whatever is there', async () => {
      await store.write('user', '1', {})
      const version = await store.write('user', '2', {})
      expect(await store.read('user')).toEqual({ value: '2', version })
    })

    test('S31 a removed partition is gone, and what was read before does not bring it back, not even over a new one', async () => {
      const version = await store.write('user', 'old', { version: null })
      await store.remove('user')
      await store.remove('user')
      expect(await store.read('user')).toBeNull()
      expect(await store.write('user', 'refreshed', { version })).toBe('conflict')
      expect(await store.read('user')).toBeNull()
      await store.write('user', 'new', { version: null })
      expect(await store.write('user', 'refreshed', { version })).toBe('conflict')
      expect((await store.read('user'))?.value).toBe('new')
    })

    test('50 writers at once lose nothing', async () => {
      const add = async () => {
        for (;;) {
          const found = await store.read('counter')
          const next = String(Number(found?.value ?? 0) + 1)
          if ((await store.write('counter', next, { version: found?.version ?? null })) !== 'conflict') return
        }
      }
      await Promise.all(Array.from({ length: 50 }, add))
      expect((await store.read('counter'))?.value).toBe('50')
    })

    test('the life of a partition is the last write’s, in whole milliseconds', async () => {
      const left = () => server.raw.pttl('msal-isomorphic:{user}')
      await store.write('user', '1', { ttl: 60_000.5 })
      expect(await left()).toBeGreaterThan(50_000)
      expect(await left()).toBeLessThanOrEqual(60_001)
      await store.write('user', '2', { ttl: 6_000_000 })
      expect(await left()).toBeGreaterThan(5_000_000)
      await store.write('user', '3', {})
      expect(await left()).toBe(-1)
      await store.write('user', '4', { ttl: Number.POSITIVE_INFINITY })
      expect(await left()).toBe(-1)
      await store.write('user', '5', { ttl: 30 })
      await poll(() => store.read('user')).toBeNull()
      await store.write('user', '6', { ttl: Number.NEGATIVE_INFINITY })
      await poll(() => store.read('user')).toBeNull()
    })

    test('lists its partitions, and only those', async () => {
      const other = redisStore(connection.client, { timeout, prefix: 'msal-isomorphic:{user 0}' })
      const names = Array.from({ length: 700 }, (_, number) => `user ${number}`)
      await Promise.all(names.map((name) => store.write(name, name, {})))
      await other.write('elsewhere', 'value', {})
      await server.raw.set('msal-isomorphic:{foreign', 'text')
      await server.raw.set('msal-isomorphicX{foreign}', 'text')
      await store.lock!('user 1', async () => {
        expect((await all(store)).sort()).toEqual(names.sort())
      })
      expect(await all(other)).toEqual(['elsewhere'])
    })

    test('two prefixes do not meet', async () => {
      const [a, b] = ['*', 'msal-isomorphic:*'].map((prefix) => redisStore(connection.client, { timeout, prefix }))
      await a!.write('user', 'a', {})
      await store.write('user', 'default', {})
      expect(await b!.read('user')).toBeNull()
      await b!.remove('user')
      expect((await a!.read('user'))?.value).toBe('a')
      expect(await all(a!)).toEqual(['user'])
      expect(await all(b!)).toEqual([])
      await a!.lock!('user', () => b!.lock!('user', async () => {}))
    })

    test('one round trip for each operation, two for a lock', async () => {
      const counted = counting(connection.client)
      const cheap = redisStore(counted, { timeout })
      // What a client says when it connects does not count.
      await cheap.read('user')
      const trips = async (work: () => Promise<unknown>) => {
        const seen: string[] = []
        const monitor = await server.raw.monitor()
        monitor.on('monitor', (_time, [command], source) => source !== 'lua' && seen.push(command.toLowerCase()))
        counted.calls = 0
        await work()
        const { calls } = counted
        await server.raw.echo('end')
        await poll(() => seen).toContain('echo')
        monitor.disconnect()
        expect(seen.filter((command) => command !== 'echo')).toEqual(Array(calls).fill('eval'))
        return calls
      }
      expect(await trips(() => cheap.read('user'))).toBe(1)
      expect(await trips(() => cheap.write('user', 'value', { version: null, ttl: 60_000 }))).toBe(1)
      expect(await trips(() => cheap.write('user', 'value', { version: null }))).toBe(1)
      expect(await trips(() => cheap.write('user', 'value', {}))).toBe(1)
      expect(await trips(() => cheap.read('user'))).toBe(1)
      expect(await trips(() => cheap.remove('user'))).toBe(1)
      expect(await trips(() => cheap.lock!('user', async () => {}))).toBe(2)
    })
  })

  test.each([{ automaticDeserialization: false }, { enableAutoPipelining: false }, { responseEncoding: false } as const])(
    'over @upstash/redis with %j a value stays the text that it was',
    async (options) => {
      const { client, close } = await connectUpstash(server, options)
      const store = redisStore(client, { timeout })
      for (const value of ['{"a":1}', '1', '[null]', 'OK', 'ü\ufeff']) {
        const version = await store.write('user', value, {})
        expect(await store.read('user')).toEqual({ value, version })
      }
      expect(await all(store)).toEqual(['user'])
      await close()
    },
  )

  test('what a scan comes by twice is listed once', async () => {
    const pages = [['c7', 'na', 'nb'], ['c3'], ['c0', 'nb', 'nc']]
    expect(await all(redisStore({ eval: async () => pages.shift() }))).toEqual(['a', 'b', 'c'])
    expect(pages).toEqual([])
  })

  test('a script that a client sends twice gives the same answer and does no more', async () => {
    const { client, close } = await connections.ioredis!(server)
    const twice = redisStore({
      async eval(script, keys, args) {
        const first = await client.eval(script, keys, args)
        if (!script.includes("'d', ARGV") && !script.includes('HINCRBY')) return first
        expect(await client.eval(script, keys, args)).toEqual(first)
        return first
      },
    })
    const version = await twice.write('user', '1', { version: null })
    expect(await twice.write('user', '2', { version })).not.toBe('conflict')
    await twice.lock!('user', async () => {
      expect(await server.raw.hget('msal-isomorphic:{user}:fence', 'n')).toBe('1')
    })
    await close()
  })
})

async function all(store: CacheStore): Promise<string[]> {
  const names: string[] = []
  for await (const name of store.list!()) names.push(name)
  return names
}
