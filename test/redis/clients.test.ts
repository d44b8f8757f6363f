import { fileURLToPath } from 'node:url'
import { Redis as Upstash } from '@upstash/redis'
import type { Redis as UpstashCloudflare } from '@upstash/redis/cloudflare'
import { build } from 'esbuild'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster, createSentinel, type RedisFunctions, type RedisModules, type RedisScripts } from 'redis'
import { describe, expect, test } from 'vitest'
import { fromIoredis, fromNodeRedis, fromUpstash, redisStore } from '../../src/redis/index.ts'

describe('the real clients fit', () => {
  /** What it does is another test's; that it compiles is what counts. */
  function types(
    node: ReturnType<typeof createClient>,
    resp3: ReturnType<typeof createClient<RedisModules, RedisFunctions, RedisScripts, 3>>,
    nodeCluster: ReturnType<typeof createCluster>,
    nodeSentinel: ReturnType<typeof createSentinel>,
    ioredis: Redis,
    cluster: Cluster,
    upstash: Upstash,
    cloudflare: UpstashCloudflare,
  ) {
    for (const client of [fromNodeRedis(node), fromNodeRedis(resp3), fromNodeRedis(nodeCluster), fromNodeRedis(nodeSentinel)])
      redisStore(client)
    for (const client of [fromIoredis(ioredis), fromIoredis(cluster)]) redisStore(client)
    for (const client of [fromUpstash(upstash), fromUpstash(cloudflare)]) redisStore(client)
    redisStore(upstash)
    // @ts-expect-error: its eval() takes other arguments.
    redisStore(node)
    // @ts-expect-error: its eval() takes other arguments.
    redisStore(ioredis)
    // @ts-expect-error: another package's client.
    fromNodeRedis(ioredis)
    // @ts-expect-error: another package's client.
    fromIoredis(node)
    // @ts-expect-error: another package's client.
    fromUpstash(ioredis)
    // @ts-expect-error: another package's client.
    fromUpstash(node)
  }

  test('by their types', () => expect(types).toBeTypeOf('function'))

  test('an adapter hands over script, keys and arguments as its client wants them', async () => {
    const calls: unknown[][] = []
    const client = { eval: async (...args: unknown[]) => calls.push(args) }
    for (const adapt of [fromNodeRedis, fromIoredis, fromUpstash]) await adapt(client).eval('script', ['k1', 'k2'], ['a'])
    expect(calls).toEqual([
      ['script', { keys: ['k1', 'k2'], arguments: ['a'] }],
      ['script', 2, 'k1', 'k2', 'a'],
      ['script', ['k1', 'k2'], ['a']],
    ])
  })

  // A replica may be behind: a spent refresh token would be sent again, and who has signed out would be back.
  test('only a client of one node reads without a script', async () => {
    const nothing = { rootNodes: [{ url: 'redis://127.0.0.1:1' }] }
    const sentinel = { name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }
    const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true, scaleReads: 'slave' })
    const ioredis = new Redis({ lazyConnect: true })
    const upstash = new Upstash({ url: 'https://redis.example', token: 't', enableTelemetry: false })
    expect(fromNodeRedis(createClient()).readHash).toBeTypeOf('function')
    expect(fromIoredis(ioredis).readHash).toBeTypeOf('function')
    const others = [fromNodeRedis(createCluster({ ...nothing, useReplicas: true })), fromNodeRedis(createSentinel(sentinel))]
    for (const client of [...others, fromIoredis(cluster), fromUpstash(upstash), upstash]) {
      expect(client).not.toHaveProperty('readHash')
      expect(client.eval).toBeTypeOf('function')
    }
  })

  test('the entry needs nothing of a runtime', async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('../../src/redis/index.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      write: false,
      external: ['../core/*'],
      logLevel: 'error',
    })
    const { text } = outputFiles[0]!
    expect([...text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]*)"/g)].map(([, name]) => name)).toEqual(
      expect.not.arrayContaining([expect.not.stringMatching(/core\/index/)]),
    )
    expect(text).not.toMatch(/\b(process|Buffer|require|window|document|indexedDB|navigator|caches)\b/)
  })
})
