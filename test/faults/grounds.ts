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
  /** What looks have met with that was no whole document. */
  torn: unknown[]
  close(): Promise<void>
}

export async function fileGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'))
  const file = join(folder, 'cache.json')
  return {
    place: { file },
    store: fileStore(file),
    torn: [],
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
    torn: [] as unknown[],
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

/** What a round has: a provider, a ground and processes on it. */
export interface Round<G extends Ground> {
  provider: RotatingProvider
  ground: G
  fleet: Fleet
}

/**
 * Plays a round. Locks are waited for for 10 s, operations for 5: on a machine that is so busy that it keeps processes from going on for
 * half a second at a time that may be too short, whatever the library does, and who has no lock may be one too many. Such a round proves
 * nothing, and another is played with fewer calls at once. Nothing else is forgiven, and a torn document never.
 */
export async function play<G extends Ground>(
  open: () => Promise<G>,
  users: number,
  round: (round: Round<G>) => Promise<void>,
): Promise<void> {
  for (const concurrency of [16, 4, 1]) {
    const provider = new RotatingProvider()
    await provider.start()
    const ground = await open()
    const fleet = new Fleet(provider, users, concurrency)
    try {
      await fleet.signIn(ground.store)
      return await round({ provider, ground, fleet })
    } catch (error) {
      if (concurrency === 1 || ground.torn.length || !fleet.isStarved) throw error
      console.warn(`The machine was too busy for 8 processes with ${concurrency} calls at once each: again, with fewer.`)
    } finally {
      fleet.close()
      provider.close()
      await ground.close()
    }
  }
}

/** Looks again and again while a task runs; resolves to how often, too. */
export async function watched<T>(ground: Ground, task: () => Promise<T>): Promise<{ result: T; looks: number }> {
  let looks = 0
  let over = false
  const watching = (async () => {
    for (; !over; looks++) {
      await ground.look().catch((error) => ground.torn.push(error))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  try {
    return { result: await task(), looks }
  } finally {
    over = true
    await watching
  }
}
