import { ClientConfigurationError } from '../core/index.ts'
import type { RedisScripting } from './operation.ts'

/** What {@link fromNodeRedis} uses of a client, cluster or sentinel of the package `redis`. */
export interface NodeRedisClient {
  /** Runs a script. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Reads fields of a hash. */
  hmGet?(key: string, fields: string[]): Promise<unknown>
}

/** What {@link fromIoredis} uses of a client or cluster of the package `ioredis`. */
export interface IoredisClient {
  /** Runs a script. */
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Reads fields of a hash. */
  hmget?(key: string, ...fields: string[]): Promise<unknown>
  /** Whether it speaks to a cluster. */
  isCluster?: boolean
}

/** What {@link fromUpstash} uses of a client of the package `@upstash/redis`. */
export interface UpstashClient {
  /** Runs a script. */
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
}

/**
 * A client of the package `redis`, as {@link redisStore} takes it. Connect it first and listen for its `error` events. With
 * `disableOfflineQueue` nothing is done after it was given up; without it a command waits in the client, and may be.
 *
 * @example
 * ```ts
 * import { createClient } from 'redis'
 * const client = createClient({ url: 'rediss://cache.example', disableOfflineQueue: true }).on('error', console.error)
 * await client.connect()
 * const tokenCache = new TokenCache({ store: redisStore(fromNodeRedis(client)) })
 * ```
 */
export function fromNodeRedis(client: NodeRedisClient): RedisScripting {
  checkClient(client)
  const scripting: RedisScripting = { eval: (script, keys, args) => client.eval(script, { keys, arguments: args }) }
  // A cluster or a sentinel may send what only reads to a replica, which may be behind. What can be monitored is one node.
  if (client.hmGet && 'monitor' in client) scripting.readHash = (key, fields) => client.hmGet!(key, fields)
  return scripting
}

/**
 * A client of the package `ioredis`, as {@link redisStore} takes it; its `keyPrefix` is heeded. Listen for its `error` events. With
 * `enableOfflineQueue: false` nothing is done after it was given up; without it a command waits in the client, and may be.
 *
 * @example
 * ```ts
 * import { Redis } from 'ioredis'
 * const client = new Redis('rediss://cache.example', { enableOfflineQueue: false, lazyConnect: true }).on('error', console.error)
 * await client.connect()
 * const tokenCache = new TokenCache({ store: redisStore(fromIoredis(client)) })
 * ```
 */
export function fromIoredis(client: IoredisClient): RedisScripting {
  checkClient(client)
  const scripting: RedisScripting = { eval: (script, keys, args) => client.eval(script, keys.length, ...keys, ...args) }
  // A cluster may send what only reads to a replica, which may be behind.
  if (client.hmget && client.isCluster === false) scripting.readHash = (key, fields) => client.hmget!(key, ...fields)
  return scripting
}

/**
 * A client of the package `@upstash/redis`, as {@link redisStore} takes it, whatever its `automaticDeserialization`: no answer that the
 * store asks for could be taken for JSON. It repeats a lost request five times by itself; with `retry: false` nothing is done after it
 * was given up.
 *
 * @example
 * ```ts
 * import { Redis } from '@upstash/redis'
 * const client = Redis.fromEnv({ retry: false })
 * const tokenCache = new TokenCache({ store: redisStore(fromUpstash(client), { timeout: 2000 }) })
 * ```
 */
export function fromUpstash(client: UpstashClient): RedisScripting {
  checkClient(client)
  return { eval: (script, keys, args) => client.eval(script, keys, args) }
}

export function checkClient(client: object): void {
  if (typeof (client as Partial<RedisScripting> | null | undefined)?.eval !== 'function')
    throw new ClientConfigurationError('invalid_argument', 'A client with an eval() is needed.')
}
