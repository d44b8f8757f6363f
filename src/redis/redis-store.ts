import { type CacheStore, ClientConfigurationError } from '../core/index.ts'
import { checkClient } from './clients.ts'
import { checkPrefix, keysOf, partitionOf } from './keys.ts'
import { lockTimes, withLock } from './lock.ts'
import { bounded, garbage, integer, type RedisScripting, send, text } from './operation.ts'
import { listScript, readScript, removeScript, writeScript } from './scripts.ts'

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * What the name of every key begins with; default `msal-isomorphic:`. Stores with different prefixes share nothing. With a pair of braces
   * in it, such as `{tokens}:`, a cluster keeps everything on one node.
   */
  prefix?: string | undefined
  /** Milliseconds for one operation; default 500. A service that is asked over HTTPS, from far away, may want more. */
  timeout?: number | undefined
}

/**
 * Keeps a token cache in Redis 5 or later, Valkey, or a service that speaks like them: one key per partition, read and written in one
 * round trip each, dropped when its longest-lived token ends. The values are secrets: reach Redis over TLS, or wrap the store in
 * `encrypted()`.
 *
 * Every operation is bounded and rejects with a `NetworkError`: `timed_out`, `unreachable` (also where Redis refuses: its code is in the
 * message), `bad_response`. Within its time an operation whose connection fails, or that meets a Redis which has just begun, is tried again:
 * a restart costs nothing but that time. Nothing has to be reset: as soon as Redis answers, the store works again.
 *
 * The lock is held for at most 8 s and waited for for at most 10 s; the lock of a process that died is free after 3 s.
 *
 * `list()` scans one node: on a cluster it is complete only if the prefix has a pair of braces.
 *
 * @param client What {@link fromNodeRedis}, {@link fromIoredis} or {@link fromUpstash} gives, or your own.
 * @throws ClientConfigurationError `invalid_argument` for a client without `eval`, a client of `redis` or `ioredis` as it is, a prefix with `{}` in it, or a timeout that is none.
 *
 * @example
 * ```ts
 * import { createClient } from 'redis'
 * const client = createClient({ url: 'rediss://cache.example' }).on('error', console.error)
 * await client.connect()
 * const store = redisStore(fromNodeRedis(client), { prefix: 'my-app:' })
 * const app = new ConfidentialClientApplication({ clientId, clientCredential, tokenCache: new TokenCache({ store }) })
 * ```
 */
export function redisStore(client: RedisScripting, options: RedisStoreOptions = {}): CacheStore {
  if (typeof options !== 'object' || !options || Array.isArray(options))
    throw new ClientConfigurationError('invalid_argument', 'Options must be an object.')
  const { prefix = 'msal-isomorphic:', timeout = 500 } = options
  checkClient(client)
  // It would be taken, and nothing could be asked of it: its eval() has other parameters.
  if ('sendCommand' in client)
    throw new ClientConfigurationError('invalid_argument', 'The client needs fromNodeRedis() or fromIoredis() around it.')
  if (typeof timeout !== 'number' || !(timeout > 0 && timeout <= 0x7fffffff))
    throw new ClientConfigurationError('invalid_argument', 'The timeout must be milliseconds.')
  checkPrefix(prefix)
  const times = { ...lockTimes, operation: timeout }
  const ask = (command: () => Promise<unknown>) => bounded(send(timeout, command), timeout)
  const run = (script: string, key: string, args: string[] = []) => ask(() => client.eval(script, [key], args))

  return {
    async read(partition) {
      const key = keysOf(prefix, partition).value
      if (client.readHash) return foundIn(await ask(() => client.readHash!(key, ['v', 'd'])))
      const reply = await run(readScript, key)
      if (reply === null) return null
      if (!Array.isArray(reply) || reply.length !== 2) throw garbage()
      return { value: text(reply[1], 'd'), version: text(reply[0], 'v') }
    },

    async write(partition, value, { version, ttl }) {
      const expected = version === undefined ? '*' : version === null ? '-' : `=${version}`
      const next = crypto.randomUUID()
      const written = integer(await run(writeScript, keysOf(prefix, partition).value, [next, expected, value, life(ttl)]))
      if (written > 1) throw garbage()
      return written ? next : 'conflict'
    },

    async remove(partition) {
      integer(await run(removeScript, keysOf(prefix, partition).value))
    },

    async *list() {
      // A scan may come by a key twice.
      const seen = new Set<string>()
      let cursor = '0'
      do {
        // As a key, because a client may put a prefix of its own before it.
        const reply = await run(listScript, `${prefix}{`, [cursor])
        if (!Array.isArray(reply)) throw garbage()
        const [next, ...names] = reply
        cursor = text(next, 'c')
        for (const name of names) {
          const partition = partitionOf(text(name, 'n'))
          if (partition === undefined || seen.has(partition)) continue
          seen.add(partition)
          yield partition
        }
      } while (cursor !== '0')
    },

    async lock(partition, task, signal) {
      return await withLock(client, keysOf(prefix, partition), times, task, signal)
    },
  }
}

/** What `HMGET` of version and data has found. */
function foundIn(reply: unknown): { value: string; version: string } | null {
  if (!Array.isArray(reply) || reply.length !== 2) throw garbage()
  const [version, value] = reply
  if (version === null || value === null) return null
  if (typeof version !== 'string' || typeof value !== 'string') throw garbage()
  return { value, version }
}

/** Whole milliseconds, as Redis wants them; empty: for ever. */
function life(ttl: number | undefined): string {
  if (ttl === undefined || !(ttl < 1e14)) return ''
  return String(Math.max(1, Math.ceil(ttl)))
}
