import fc from 'fast-check'
import { Cluster, Redis } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { fromIoredis, fromNodeRedis, redisStore } from '../../src/redis/index.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { type RedisServer, startRedis, timeout, withoutRedis } from './redis-support.ts'

/** What could confuse the layout, halves of surrogate pairs among it. */
const unit = fc.oneof(
  fc.constantFrom('{', '}', ':', ' ', '%', '*', '[', ']', '?', '\\', 'a', '007b', 'lock', 'fence', '\ud83d', '\ude00', 'é', '\0', '\ufeff'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
)
const name = fc.array(unit, { maxLength: 6 }).map((units) => units.join(''))
const prefix = name.filter((text) => !/^[^{]*\{\}/.test(text))

describe('keys', () => {
  test('no two partitions, prefixes or kinds share a key', () => {
    fc.assert(
      fc.property(prefix, name, prefix, name, (p1, n1, p2, n2) => {
        fc.pre(p1 !== p2 || n1 !== n2)
        const utf8 = [keysOf(p1, n1), keysOf(p2, n2)].flatMap((keys) => Object.values(keys)).map((key) => Buffer.from(key).toString('hex'))
        // A prefix is the developer's: halves of pairs in it are not told apart.
        fc.pre(Buffer.from(p1).toString() === p1 && Buffer.from(p2).toString() === p2)
        expect(new Set(utf8).size).toBe(6)
      }),
      { numRuns: 5000 },
    )
  })

  test('a prefix and a name cannot be moved into each other', () => {
    const cases: [string, string][] = [
      ['', 'a}{b'],
      ['{a}', 'b'],
      ['a', ''],
      ['a{', '}'],
      ['a', '%'],
      ['a', '%0025'],
      ['a', '{'],
      ['a', '%007b'],
      ['a{b}:lock', ''],
      ['a', 'b}:lock{'],
      ['a', '\ud83d'],
      ['a', '\ufffd'],
      ['a', 'x'.repeat(10_240)],
      ['a', `${'x'.repeat(10_239)}y`],
    ]
    expect(new Set(cases.flatMap(([p, n]) => Object.values(keysOf(p, n)))).size).toBe(3 * cases.length)
  })

  test('the name can be read from the key', () => {
    const property = fc.property(name, (partition) => {
      expect(partitionOf(keysOf('', partition).value.slice(1, -1))).toBe(partition)
    })
    fc.assert(property, { numRuns: 1000 })
  })

  test.each(['{}', 'a{}b', 'a}{}'])('the prefix %j is refused', (bad) => {
    const client = { eval: async () => null }
    expect(() => redisStore(client, { prefix: bad })).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})

describe.skipIf(withoutRedis)('keys in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
    await server.raw.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await vi.waitFor(async () => expect(await server.raw.cluster('INFO')).toContain('cluster_state:ok'), { timeout: 10_000 })
  })
  afterAll(() => server?.close())

  test('all keys of a partition are on one node', async () => {
    const property = fc.asyncProperty(prefix, name, async (p, n) => {
      const slots = Object.values(keysOf(p, n)).map((key) => server.raw.cluster('KEYSLOT', key))
      expect(new Set(await Promise.all(slots)).size).toBe(1)
    })
    await fc.assert(property, { numRuns: 500 })
  })

  test('names of every kind are kept apart and listed as they are', async () => {
    const client = new Redis({ port: server.port })
    let number = 0
    const property = fc.asyncProperty(fc.uniqueArray(name, { minLength: 2, maxLength: 12 }), async (names) => {
      const store = redisStore(fromIoredis(client), { timeout, prefix: `[*]${number++}\\` })
      const partitions = [...names, 'x'.repeat(10_240), `${'x'.repeat(10_239)}{`]
      for (const partition of partitions)
        expect(await store.write(partition, `value of ${partition.length}`, { version: null })).not.toBe('conflict')
      for (const partition of partitions) expect((await store.read(partition))?.value).toBe(`value of ${partition.length}`)
      const listed: string[] = []
      for await (const partition of store.list!()) listed.push(partition)
      expect(listed.sort()).toEqual(partitions.sort())
    })
    await fc.assert(property, { numRuns: 50 })
    client.disconnect()
  })

  test.each(['', 'app:', '{app}:', 'a}{'])('on a cluster with the prefix %j', async (at) => {
    const ioredis = new Cluster([{ host: '127.0.0.1', port: server.port }])
    const redis = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${server.port}` }] })
    await redis.connect()
    for (const client of [fromIoredis(ioredis), fromNodeRedis(redis)]) {
      const store = redisStore(client, { timeout, prefix: at })
      const version = await store.lock!('a:b {c}', () => store.write('a:b {c}', 'value', { version: null, ttl: 60_000 }))
      expect(await store.read('a:b {c}')).toEqual({ value: 'value', version })
      await store.remove('a:b {c}')
    }
    ioredis.disconnect()
    await redis.close()
  })

  test('a prefix that the client adds is heeded, in a list too', async () => {
    const client = new Redis({ port: server.port, keyPrefix: 'team*:' })
    const store = redisStore(fromIoredis(client), { timeout, prefix: 'p:' })
    await store.lock!('user', () => store.write('user', 'value', {}))
    expect(await server.raw.exists('team*:p:{user}')).toBe(1)
    await server.raw.call('HSET', 'teamX:p:{other}', 'v', '1', 'd', '2')
    const listed: string[] = []
    for await (const partition of store.list!()) listed.push(partition)
    expect(listed).toEqual(['user'])
    client.disconnect()
  })
})
