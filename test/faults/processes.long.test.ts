import { describe, expect, test } from 'vitest'
import { withoutRedis } from '../redis/redis-support.ts'
import type { Worker } from './fleet.ts'
import { fileGround, type Ground, play, redisGround, watched } from './grounds.ts'

const grounds: [string, () => Promise<Ground>, boolean][] = [
  ['one Redis', redisGround, withoutRedis],
  ['one file', fileGround, false],
]

describe.each(grounds)('8 processes, many users and %s', { timeout: 300_000 }, (_name, open, absent) => {
  test.skipIf(absent)('S49 the tokens of 200 users over at once: one request for each user, and nothing lost', async () => {
    await play(open, 200, async ({ provider, ground, fleet }) => {
      await fleet.start(8, ground.place)
      // Every fourth user signs in somewhere else between the reading and the writing of a renewal.
      provider.beforeAnswer = ({ user }) => (Number(user.slice(4)) % 4 ? undefined : fleet.signInElsewhere(user, ground.store))
      const { result: reports, looks } = await watched(ground, () => fleet.ask())
      expect(reports.flatMap((report) => report!.storeErrors)).toEqual([])
      fleet.expectServed(reports)
      fleet.expectLatest(reports)
      expect(fleet.usersWithMoreThan(1)).toEqual([])
      expect(provider.refreshes).toHaveLength(200)
      await fleet.expectStored(ground.store)
      expect([ground.torn, looks > 3]).toEqual([[], true])
    })
  })

  // A refresh token that the provider has rotated, and whose successor went to a process that died before it could store it, is what a
  // provider without grace makes irrecoverable. Nothing else may be lost, and with grace nothing at all.
  test.skipIf(absent).each([true, false])('S50 kill -9 of one process; a provider with grace: %s', async (grace) => {
    await play(open, 100, async ({ provider, ground, fleet }) => {
      provider.grace = grace
      await fleet.start(8, ground.place)
      // Whoever is the first to come for the fourth time: from then on its answers do not come, and soon it is gone.
      let victim: Worker | undefined
      const unanswered = new Set<string>()
      let end = () => {}
      const ended = new Promise<void>((resolve) => {
        end = resolve
      })
      provider.beforeAnswer = async ({ user, process }) => {
        if (victim && process !== victim.name) return
        const own = provider.refreshes.filter((refresh) => refresh.process === process)
        if (!victim && own.length < 4) return
        unanswered.add(user)
        if (victim) return ended
        victim = fleet.workers.find(({ name }) => name === process)!
        await new Promise((resolve) => setTimeout(resolve, 20))
        victim.kill()
        end()
      }
      const { result: reports } = await watched(ground, () => fleet.ask())
      provider.beforeAnswer = () => {}
      expect([fleet.workers[reports.indexOf(undefined)], reports.filter(Boolean).length]).toEqual([victim, 7])
      // A lock that could not be had in time would be told here: then two may come for one user.
      expect(reports.flatMap((report) => report?.storeErrors ?? [])).toEqual([])
      // An answer that had gone out may have died with the process too.
      const own = new Set(provider.refreshes.filter(({ process, reused }) => process === victim!.name && !reused).map(({ user }) => user))
      const refused = provider.refreshes.filter(({ reused }) => reused).map(({ user }) => user)
      const lost = new Set(refused)
      expect(unanswered.size).toBeGreaterThan(0)
      expect(refused.filter((user) => !own.has(user)).flatMap((user) => provider.refreshesOf(user))).toEqual([])
      if (grace) expect(refused).toEqual([])
      // One refusal is enough: the refresh token goes from the store, for everybody.
      else expect([isSubset(unanswered, lost), refused.length]).toEqual([true, lost.size])
      // No more than it can have had under way.
      expect(lost.size).toBeLessThanOrEqual(16)
      expect(fleet.usersWithMoreThan(1).filter((user) => !own.has(user))).toEqual([])
      fleet.expectServed(reports, lost)
      await fleet.expectStored(ground.store, lost)
      expect(ground.torn).toEqual([])
      // Whoever takes its place finds all that is left, without a request.
      const before = provider.refreshes.length
      await fleet.start(1, ground.place)
      const successor = await fleet.workers.at(-1)!.ask()
      fleet.expectServed([successor], lost)
      expect(provider.refreshes.slice(before)).toEqual([])
    })
  })
})

const isSubset = (some: Iterable<string>, all: ReadonlySet<string>) => [...some].every((one) => all.has(one))
