import { fromIoredis, fromNodeRedis } from 'msal-isomorphic/redis'

/** A client of either package, which comes back by itself after a restart of Redis. */
export async function redisClient({ client: kind, port }) {
  if (kind === 'ioredis') {
    const { Redis } = await import('ioredis')
    // While Redis loads what it has kept, ioredis asks again after the seconds that Redis says loading takes.
    return fromIoredis(new Redis({ port, retryStrategy: () => 20, maxLoadingRetryTime: 20 }).on('error', () => {}))
  }
  const { createClient } = await import('redis')
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 20 } })
  return fromNodeRedis(await client.on('error', () => {}).connect())
}
