import { fileURLToPath } from 'node:url'
import type { Redis as Upstash } from '@upstash/redis'
import type { Redis as UpstashCloudflare } from '@upstash/redis/cloudflare'
import { build } from 'esbuild'
import type { Cluster, Redis } from 'ioredis'
import type { createClient, createCluster, createSentinel, RedisFunctions, RedisModules, RedisScripts } from 'redis'
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
