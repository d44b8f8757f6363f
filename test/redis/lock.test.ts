import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CacheStore } from '../../src/core/ports.ts'
import { type RedisScripting, redisStore } from '../../src/redis/index.ts'
import { keysOf } from '../../src/redis/keys.ts'
import { type LockTimes, lockTimes, withLock } from '../../src/redis/lock.ts'
import { renewScript } from '../../src/redis/scripts.ts'
import { type Connection, connections, type RedisServer, sleep, startRedis, timeout, withoutRedis } from './redis-support.ts'

const keys = keysOf('msal-isomorphic:', 'user')
const never = () => new Promise<never>(() => {})

describe.skipIf(withoutRedis)('the lock', () => {
  let server: RedisServer
  let connection: Connection
  let client: RedisScripting
  let store: CacheStore
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.close())
  beforeEach(async () => {
    await server.raw.flushall()
    connection = await connections.redis!(server)
    client = connection.client
    store = redisStore(client, { timeout })
  })
  afterEach(() => connection.close())

  const locked = <T>(times: Partial<LockTimes>, task: () => Promise<T>, signal?: AbortSignal) =>
    withLock(client, keys, { ...lockTimes, operation: timeout, ...times }, task, signal)
  const held = async () => (await server.raw.exists(keys.lock)) === 1
  const fence = async () => Number(await server.raw.hget(keys.fence, 'n'))

  test('gives the task’s result or its very error, and is released either way', async () => {
    expect(await store.lock!('user', async () => (await held()) && 'result')).toBe('result')
    expect(await held()).toBe(false)
    const error = new Error('task')
    await expect(
      store.lock!('user', () => {
        throw error
      }),
    ).rejects.toBe(error)
    expect(await held()).toBe(false)
    expect(await fence()).toBe(2)
  })

  test.each(Object.entries(connections))('%s: one at a time for a partition, others in parallel', async (_name, connect) => {
    const own = await connect(server)
    const mine = redisStore(own.client, { timeout })
    let inside = 0
    const task = async () => {
      expect(++inside).toBe(1)
      await sleep(2)
      inside--
    }
    await Promise.all(Array.from({ length: 20 }, () => mine.lock!('user', task)))
    await mine.lock!('user', () => mine.lock!('another', async () => {}))
    await own.close()
  })

  test('S31 waiting ends with the signal: before, while asking and between', async () => {
    const reason = new Error('enough')
    const aborted = { code: 'aborted', cause: reason }
    let asking = 0
    client = {
      eval(...call) {
        asking++
        return connection.client.eval(...call)
      },
    }
    const asked = (times: number) => expect.poll(() => asking, { interval: 5 }).toBeGreaterThanOrEqual(times)
    store = redisStore(client, { timeout })
    await expect(store.lock!('user', never, AbortSignal.abort(reason))).rejects.toMatchObject(aborted)
    expect(asking).toBe(0)
    let done = () => {}
    const holder = store.lock!('user', () => new Promise<void>((resolve) => (done = resolve)))
    await expect.poll(held).toBe(true)
    const waiting = new AbortController()
    const waiter = store.lock!('user', never, waiting.signal)
    // By now it looks every 200 ms, and has just looked.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.999)
    await asked(7)
    const outcome = Promise.race([waiter.catch((error) => error), sleep(150)])
    waiting.abort(reason)
    expect(await outcome).toMatchObject(aborted)
    random.mockRestore()
    done()
    await holder
    expect(await held()).toBe(false)
  })

  test('an abort while the lock is on its way gives it back', async () => {
    const waiting = new AbortController()
    const late: RedisScripting = {
      async eval(...call) {
        const reply = await connection.client.eval(...call)
        await sleep(50)
        return reply
      },
    }
    client = late
    const waiter = locked({ lease: 60_000 }, never, waiting.signal)
    setTimeout(() => waiting.abort(), 20)
    await expect(waiter).rejects.toMatchObject({ code: 'aborted' })
    await expect.poll(fence).toBe(1)
    await expect.poll(held).toBe(false)
  })

  test('a lock that comes after its time is given back', async () => {
    client = {
      async eval(...call) {
        const reply = await connection.client.eval(...call)
        if (call[0].includes('HINCRBY')) await sleep(200)
        return reply
      },
    }
    await expect(locked({ lease: 60_000, operation: 50 }, never)).rejects.toMatchObject({ code: 'timed_out' })
    expect(await held()).toBe(true)
    await expect.poll(held).toBe(false)
  })

  test('a signal that comes when the task runs does not end it', async () => {
    const waiting = new AbortController()
    const work = store.lock!(
      'user',
      async () => {
        waiting.abort()
        await sleep(10)
        return 'done'
      },
      waiting.signal,
    )
    expect(await work).toBe('done')
  })

  test('S31 waiting is bounded', async () => {
    const holder = store.lock!('user', () => sleep(1000))
    await expect.poll(held).toBe(true)
    await expect(locked({ wait: 300 }, never)).rejects.toMatchObject({ name: 'NetworkError', code: 'timed_out', action: 'retry' })
    await holder
  })

  test('it is renewed while the task runs, for as long as a task may', async () => {
    let over = false
    let renewals = 0
    client = {
      eval(...call) {
        if (call[0] === renewScript) renewals++
        return connection.client.eval(...call)
      },
    }
    const holder = locked({ lease: 150, hold: 900 }, () => sleep(1500)).then(() => (over = true))
    await sleep(600)
    expect(await held()).toBe(true)
    await expect.poll(held, { timeout: 700 }).toBe(false)
    expect(over).toBe(false)
    const enough = renewals
    await holder
    expect(renewals).toBe(enough)
  })

  test('S31 the holder of a task that never ends is taken over', async () => {
    void locked({ lease: 150, hold: 400 }, never)
    await expect.poll(held).toBe(true)
    expect(await locked({}, async () => 'mine')).toBe('mine')
  })

  test('after the task nothing renews it', async () => {
    await locked({ lease: 30 }, () => sleep(40))
    await server.raw.flushall()
    await sleep(60)
    expect(await server.raw.dbsize()).toBe(0)
  })

  test('a holder that lost it neither renews nor releases another’s', async () => {
    const first = locked({ lease: 200, hold: 5000 }, () => sleep(500))
    await expect.poll(held).toBe(true)
    await server.raw.set(keys.lock, 'another', 'PX', 3000)
    await server.raw.hset(keys.fence, 'h', 'another')
    await first
    expect(await server.raw.get(keys.lock)).toBe('another')
    expect(await server.raw.pttl(keys.lock)).toBeGreaterThan(1000)
    expect(await server.raw.hget(keys.fence, 'h')).toBe('another')
  })

  test('a renewal that comes back late, or that finds it lost, is the last', async () => {
    let renewals = 0
    client = {
      async eval(...call) {
        const renewal = call[0] === renewScript
        if (renewal) renewals++
        const reply = await connection.client.eval(...call)
        if (renewal) await sleep(50)
        return reply
      },
    }
    await locked({ lease: 150 }, () => sleep(70))
    await sleep(150)
    expect(renewals).toBe(1)
    await locked({ lease: 150 }, async () => {
      await server.raw.set(keys.lock, 'another')
      await sleep(400)
    })
    expect(renewals).toBe(2)
    await server.raw.del(keys.lock)
  })

  test('a renewal that fails is tried again', async () => {
    let failures = 0
    client = {
      eval: (...call) =>
        call[0] === renewScript && failures++ === 0 ? Promise.reject(new Error('lost')) : connection.client.eval(...call),
    }
    await locked({ lease: 300 }, async () => {
      await sleep(700)
      expect(await held()).toBe(true)
    })
    expect(failures).toBeGreaterThan(1)
  })

  test('a lease that ran out unnoticed goes on where nobody has come', async () => {
    const first = locked({ lease: 200 }, () => sleep(400))
    await expect.poll(held).toBe(true)
    await server.raw.del(keys.lock)
    await expect.poll(held).toBe(true)
    await first
    expect(await held()).toBe(false)
  })

  test('S31 after a takeover the old holder’s write comes to a conflict, even before the new holder has written', async () => {
    await store.write('user', 'first', { version: null, ttl: 60_000 })
    await locked({ lease: 50, hold: 50 }, async () => {
      const mine = await store.read('user')
      await expect.poll(held).toBe(false)
      await locked({}, async () => {
        expect(await store.write('user', 'late', { version: mine!.version })).toBe('conflict')
        const theirs = await store.read('user')
        expect(theirs).toEqual({ value: 'first', version: expect.stringMatching(/^2\./) })
        expect(await store.write('user', 'second', { version: theirs!.version, ttl: 60_000 })).not.toBe('conflict')
      })
      expect(await store.write('user', 'late', { version: mine!.version })).toBe('conflict')
    })
    expect((await store.read('user'))?.value).toBe('second')
  })

  test('a takeover neither makes a partition nor keeps one alive', async () => {
    await store.write('user', 'value', { ttl: 60_000 })
    const takeOver = () =>
      locked({ lease: 30, hold: 30 }, async () => {
        await expect.poll(held).toBe(false)
        await locked({}, async () => {})
      })
    await takeOver()
    expect(await server.raw.pttl(keys.value)).toBeGreaterThan(0)
    await store.remove('user')
    await takeOver()
    expect(await store.read('user')).toBeNull()
    expect(await server.raw.exists(keys.value)).toBe(0)
  })

  test('a lock that was released leaves what was read as it is', async () => {
    const version = await store.write('user', 'first', {})
    await store.lock!('user', async () => {})
    await store.lock!('user', async () => {
      expect(await store.write('user', 'second', { version })).not.toBe('conflict')
    })
  })

  test('S47 what remains of a lock has an end', async () => {
    await store.lock!('user', async () => {})
    expect(await server.raw.keys('*')).toEqual([keys.fence])
    expect(await server.raw.pttl(keys.fence)).toBeGreaterThan(0)
  })
})
