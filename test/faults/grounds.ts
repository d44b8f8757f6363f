import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CacheStore } from 'msal-isomorphic'
import { fileStore } from 'msal-isomorphic/node'
import { redisStore } from 'msal-isomorphic/redis'
import { connections, startRedis } from '../redis/redis-support.ts'
import { Fleet, type Place } from './fleet.ts'
import { RotatingProvider } from './rotating-provider.ts'

/** Patience for one operation, where its bound is not what is tested: other work may keep the machine busy. */
const timeout = 10_000

/** Where processes meet. */
export interface Ground {
  place: Place
  /** A store of one's own over the same content. */
  store: CacheStore
  /** Reads what is there as another program would; rejects where that is no whole document. */
  look(): Promise<void>
  close(): Promise<void>
}

export async function fileGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'))
  const file = join(folder, 'cache.json')
  return {
    place: { file },
    store: fileStore(file),
    look: async () => void JSON.parse(await readFile(file, 'utf8')),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** A Redis that has on its disk what it has acknowledged, or with `persistent: false` one that comes back empty. */
export async function redisGround({ persistent = true } = {}) {
  const server = await startRedis(...(persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []))
  const connection = await connections.ioredis!(server)
  return {
    place: { redis: { port: server.port, timeout } },
    store: redisStore(connection.client, { timeout }),
    async look() {
      const keys = await server.raw.keys('*}')
      for (const value of await Promise.all(keys.map((key) => server.raw.hget(key, 'd')))) JSON.parse(value!)
    },
    async restart() {
      await server.kill()
      await new Promise((resolve) => setTimeout(resolve, 100))
      await server.start()
    },
    async close() {
      await connection.close()
      await server.close()
    },
  }
}

/** A provider, a ground and processes on it, for a test; all gone after it. */
export async function settle<G extends Ground>(open: () => Promise<G>, users: number, cleanup: (work: () => Promise<void>) => void) {
  const provider = new RotatingProvider()
  await provider.start()
  const ground = await open()
  const fleet = new Fleet(provider, users)
  cleanup(async () => {
    fleet.close()
    provider.close()
    await ground.close()
  })
  await fleet.signIn(ground.store)
  return { provider, ground, fleet }
}

/** Looks again and again while a task runs; resolves to what went wrong, and how often it was looked. */
export async function watched<T>(ground: Ground, task: () => Promise<T>): Promise<{ result: T; torn: unknown[]; looks: number }> {
  const torn: unknown[] = []
  let looks = 0
  let over = false
  const watching = (async () => {
    for (; !over; looks++) {
      await ground.look().catch((error) => torn.push(error))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  try {
    return { result: await task(), torn, looks }
  } finally {
    over = true
    await watching
  }
}
