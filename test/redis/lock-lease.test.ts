import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RedisScripting } from '../../src/redis/index.ts'
import { lockTimes, withLock } from '../../src/redis/lock.ts'
import { renewScript } from '../../src/redis/scripts.ts'
import { keys, never, useLock } from './lock-support.ts'
import { poll, sleep, withoutRedis } from './redis-support.ts'

describe('the renewal of a lease', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** The leases asked for, each as milliseconds after the start and milliseconds to go, while a task runs for so long. */
  async function renewals(duration: number, renew: () => unknown = () => 1): Promise<string[]> {
    const start = performance.now()
    const seen: string[] = []
    const client: RedisScripting = {
      async eval(script, _keys, [, lease]) {
        if (script !== renewScript) return 1
        seen.push(`${performance.now() - start}: ${lease}`)
        return await renew()
      },
    }
    const work = withLock(client, keys, { ...lockTimes, operation: 500 }, () => sleep(duration))
    await vi.advanceTimersByTimeAsync(60_000)
    await work
    return seen
  }
  const untilTheEnd = ['1000: 3000', '2000: 3000', '3000: 3000', '4000: 3000', '5000: 3000', '6000: 2000', '7000: 1000']

  test('goes on while the task runs', async () => {
    expect(await renewals(500)).toEqual([])
    expect(await renewals(2500)).toEqual(untilTheEnd.slice(0, 2))
  })

  test('S31 ends with the time that a task may hold it', async () => {
    expect(await renewals(30_000)).toEqual(untilTheEnd)
  })

  test('is tried again when it fails', async () => {
    let failures = 1
    const failOnce = () => (failures-- > 0 ? Promise.reject(new Error('lost')) : 1)
    expect(await renewals(3500, failOnce)).toEqual(untilTheEnd.slice(0, 3))
  })

  test('ends when somebody else has taken over', async () => {
    expect(await renewals(5500, () => 0)).toEqual(untilTheEnd.slice(0, 1))
  })

  test('does not go on when one comes back after the task', async () => {
    expect(await renewals(1100, () => sleep(200).then(() => 1))).toEqual(untilTheEnd.slice(0, 1))
  })
})

describe.skipIf(withoutRedis)('the lease of a lock', () => {
  const at = useLock()

  test('S31 the holder of a task that never ends is taken over', async () => {
    await new Promise<void>((held) => {
      void at.locked({ lease: 150, hold: 400 }, () => {
        held()
        return never()
      })
    })
    expect(await at.locked({}, async () => 'mine')).toBe('mine')
    expect(await at.fence()).toBe(2)
  })

  test('after the task nothing renews it', async () => {
    await at.locked({ lease: 30 }, () => sleep(40))
    await at.server.raw.flushall()
    await sleep(60)
    expect(await at.server.raw.dbsize()).toBe(0)
  })

  test('a holder that lost it neither renews nor releases another’s', async () => {
    let renewed = false
    at.client = {
      async eval(...call) {
        const reply = await at.connected.eval(...call)
        if (call[0] === renewScript) renewed = true
        return reply
      },
    }
    await at.locked({ lease: 200, hold: 60_000 }, async () => {
      await at.server.raw.set(keys.lock, 'another', 'PX', 60_000)
      await at.server.raw.hset(keys.fence, 'h', 'another')
      renewed = false
      await poll(() => renewed).toBe(true)
    })
    expect(await at.server.raw.get(keys.lock)).toBe('another')
    expect(await at.server.raw.pttl(keys.lock)).toBeGreaterThan(1000)
    expect(await at.server.raw.hget(keys.fence, 'h')).toBe('another')
  })

  test('a lease that ran out unnoticed goes on where nobody has come', async () => {
    let done = () => {}
    const task = () => new Promise<void>((resolve) => (done = resolve))
    const first = at.locked({ lease: 200, hold: 60_000 }, task)
    await poll(at.held).toBe(true)
    await at.server.raw.del(keys.lock)
    await poll(at.held).toBe(true)
    done()
    await first
    expect(await at.held()).toBe(false)
  })

  test('S31 after a takeover the old holder’s write comes to a conflict, even before the new holder has written', async () => {
    await at.store.write('user', 'first', { version: null, ttl: 60_000 })
    await at.locked({ lease: 50, hold: 50 }, async () => {
      const mine = await at.store.read('user')
      await poll(at.held).toBe(false)
      await at.locked({}, async () => {
        expect(await at.store.write('user', 'late', { version: mine!.version })).toBe('conflict')
        const theirs = await at.store.read('user')
        expect(theirs).toEqual({ value: 'first', version: expect.stringMatching(/^2\./) })
        expect(await at.store.write('user', 'second', { version: theirs!.version, ttl: 60_000 })).not.toBe('conflict')
      })
      expect(await at.store.write('user', 'late', { version: mine!.version })).toBe('conflict')
    })
    expect((await at.store.read('user'))?.value).toBe('second')
  })

  test('a takeover neither makes a partition nor keeps one alive', async () => {
    await at.store.write('user', 'value', { ttl: 60_000 })
    const takeOver = () =>
      at.locked({ lease: 30, hold: 30 }, async () => {
        await poll(at.held).toBe(false)
        await at.locked({}, async () => {})
      })
    await takeOver()
    expect(await at.server.raw.pttl(keys.value)).toBeGreaterThan(0)
    await at.store.remove('user')
    await takeOver()
    expect(await at.store.read('user')).toBeNull()
    expect(await at.server.raw.exists(keys.value)).toBe(0)
  })

  test('a lock that was released leaves what was read as it is', async () => {
    const version = await at.store.write('user', 'first', {})
    await at.store.lock!('user', async () => {})
    await at.store.lock!('user', async () => {
      expect(await at.store.write('user', 'second', { version })).not.toBe('conflict')
    })
  })

  test('S47 what remains of a lock has an end', async () => {
    await at.store.lock!('user', async () => {})
    expect(await at.server.raw.keys('*')).toEqual([keys.fence])
    expect(await at.server.raw.pttl(keys.fence)).toBeGreaterThan(0)
  })
})
