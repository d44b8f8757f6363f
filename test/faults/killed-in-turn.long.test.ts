import { describe, expect, test } from 'vitest'
import { withoutRedis } from '../redis/redis-support.ts'
import { fileGround, type Ground, play, redisGround, watched } from './grounds.ts'

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const grounds: [string, number, () => Promise<Ground>, boolean][] = [
  ['one Redis', 1000, redisGround, withoutRedis],
  // A file is written as a whole each time: it is for fewer.
  ['one file', 300, fileGround, false],
]

describe.each(grounds)('8 processes, very many users and %s', { timeout: 600_000 }, (_name, users, open, absent) => {
  test.skipIf(absent)('S50 one process after the other is killed and another comes, and nothing is lost', async () => {
    await play(open, users, async ({ provider, ground, fleet }) => {
      provider.grace = true
      await fleet.start(8, ground.place)
      const kills = 12
      const { result: reports } = await watched(ground, async () => {
        const asked = fleet.workers.map((worker) => worker.ask())
        for (let kill = 0; kill < kills; kill++) {
          while (provider.refreshes.length < ((kill + 1) * users) / (kills + 1)) await sleep(5)
          await sleep(Math.random() * 50)
          fleet.workers[kill]!.kill()
          await fleet.start(1, ground.place)
          asked.push(fleet.workers.at(-1)!.ask())
        }
        return Promise.all(asked)
      })
      const lived = reports.filter((report) => report !== undefined)
      expect(lived.length).toBeGreaterThanOrEqual(8)
      fleet.expectServed(lived)
      expect(ground.torn).toEqual([])
      // Nobody is renewed again but the few that a process had under way when it was killed. Where two came for one user, because one was
      // taken for dead, the first to store is right.
      const again = fleet.usersWithMoreThan(1)
      expect(again.length).toBeLessThanOrEqual(kills * 16)
      await fleet.expectStored(ground.store, new Set(again))
      const before = provider.refreshes.length
      await fleet.start(1, ground.place)
      fleet.expectServed([await fleet.workers.at(-1)!.ask()])
      expect(provider.refreshes.slice(before)).toEqual([])
    })
  })
})

test.skipIf(withoutRedis)('S50 Redis is killed and comes back again and again', { timeout: 600_000 }, async () => {
  const users = 1000
  await play(redisGround, users, async ({ provider, ground, fleet }) => {
    await fleet.start(8, ground.place)
    const asked = fleet.ask()
    for (let restart = 1; restart <= 4; restart++) {
      while (provider.refreshes.length < (restart * users) / 5) await sleep(5)
      await ground.restart()
      // An outage that outlives the lease of a lock (3 s) lets another in: those who hold one need a moment between two to renew it.
      await sleep(1500)
    }
    const reports = await asked
    expect(reports.flatMap((report) => report!.storeErrors)).toEqual([])
    expect(fleet.usersWithMoreThan(1).flatMap((user) => provider.refreshesOf(user))).toEqual([])
    fleet.expectServed(reports)
    await fleet.expectStored(ground.store)
  })
})
