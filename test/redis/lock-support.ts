import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { CacheStore } from '../../src/core/ports.ts'
import { type RedisScripting, redisStore } from '../../src/redis/index.ts'
import { keysOf } from '../../src/redis/keys.ts'
import { type LockTimes, lockTimes, withLock } from '../../src/redis/lock.ts'
import { type Connection, connections, type RedisServer, startRedis, timeout } from './redis-support.ts'

/** Of the partition `user` under the default prefix. */
export const keys = keysOf('msal-isomorphic:', 'user')
export const never = () => new Promise<never>(() => {})

/** An empty Redis, a client and a store for each test of a suite, and a lock with times of one's own. */
export function useLock() {
  let connection: Connection
  const at = {
    server: undefined as unknown as RedisServer,
    /** What works, whatever a test makes of `client`. */
    connected: undefined as unknown as RedisScripting,
    client: undefined as unknown as RedisScripting,
    store: undefined as unknown as CacheStore,
    locked: <T>(times: Partial<LockTimes>, task: () => Promise<T>, signal?: AbortSignal) =>
      withLock(at.client, keys, { ...lockTimes, operation: timeout, ...times }, task, signal),
    held: async () => (await at.server.raw.exists(keys.lock)) === 1,
    fence: async () => Number(await at.server.raw.hget(keys.fence, 'n')),
  }
  beforeAll(async () => {
    at.server = await startRedis()
  })
  afterAll(() => at.server?.close())
  beforeEach(async () => {
    await at.server.raw.flushall()
    connection = await connections.redis!(at.server)
    at.connected = connection.client
    at.client = connection.client
    at.store = redisStore(connection.client, { timeout })
  })
  afterEach(() => connection.close())
  return at
}
