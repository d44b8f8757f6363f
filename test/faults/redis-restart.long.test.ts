import { describe, expect, test } from 'vitest'
import { withoutRedis } from '../redis/redis-support.ts'
import type { Report } from './fleet.ts'
import { play, redisGround } from './grounds.ts'

describe.skipIf(withoutRedis)('8 processes, 200 users, and Redis restarts in the middle', { timeout: 300_000 }, () => {
  test('S50 with what it had on its disk, nothing is lost but time', async () => {
    await play(redisGround, 200, async ({ provider, ground, fleet }) => {
      await fleet.start(8, ground.place)
      let restarted: Promise<void> | undefined
      provider.beforeAnswer = () => {
        if (provider.refreshes.length >= 60) restarted ??= ground.restart()
      }
      const reports = await fleet.ask()
      await restarted
      expect(reports.flatMap((report) => report!.storeErrors)).toEqual([])
      fleet.expectServed(reports)
      expect(provider.refreshes.filter(({ reused }) => reused)).toEqual([])
      expect(fleet.usersWithMoreThan(1)).toEqual([])
      await fleet.expectStored(ground.store)
    })
  })

  // An empty store says that everybody has signed out, as it does after `removeAccount()` elsewhere: no process may go on without end.
  test('S50 empty, users go on for as long as memory is trusted, and a sign-in is all that it takes then', async () => {
    await play(
      () => redisGround({ persistent: false }),
      200,
      async ({ provider, ground, fleet }) => {
        await fleet.start(4, ground.place)
        await fleet.start(4, ground.place, { revalidateAfter: 1 })
        fleet.expectLatest(await fleet.ask())
        await ground.restart()
        const before = provider.refreshes.length
        const reports = await fleet.ask()
        expect(reports.flatMap((report) => [...report!.errors, ...report!.storeErrors])).toEqual([])
        fleet.expectLatest(reports.slice(0, 4))
        for (const { tokens } of reports.slice(4) as Report[]) expect(new Set(Object.values(tokens))).toEqual(new Set([null]))
        expect(provider.refreshes.slice(before)).toEqual([])

        await fleet.signIn(ground.store)
        const again = (await fleet.ask()).slice(4)
        fleet.expectServed(again)
        fleet.expectLatest(again)
        await fleet.expectStored(ground.store)
        expect(provider.refreshes.length - before).toBe(200)
      },
    )
  })
})
