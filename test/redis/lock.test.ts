import { describe, expect, test, vi } from 'vitest'
import { type RedisScripting, redisStore } from '../../src/redis/index.ts'
import { never, useLock } from './lock-support.ts'
import { connections, poll, sleep, timeout, withoutRedis } from './redis-support.ts'

describe.skipIf(withoutRedis)('the lock', () => {
  const at = useLock()

  test('gives the task’s result or its very error, and is released either way', async () => {
    expect(await at.store.lock!('user', async () => (await at.held()) && 'result')).toBe('result')
    expect(await at.held()).toBe(false)
    const error = new Error('task')
    await expect(
      at.store.lock!('user', () => {
        throw error
      }),
    ).rejects.toBe(error)
    expect(await at.held()).toBe(false)
    expect(await at.fence()).toBe(2)
  })

  test.each(Object.entries(connections))('%s: one at a time for a partition, others in parallel', async (_name, connect) => {
    const own = await connect(at.server)
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
    at.client = {
      eval(...call) {
        asking++
        return at.connected.eval(...call)
      },
    }
    const asked = (times: number) => expect.poll(() => asking, { interval: 5, timeout: 10_000 }).toBeGreaterThanOrEqual(times)
    at.store = redisStore(at.client, { timeout })
    await expect(at.store.lock!('user', never, AbortSignal.abort(reason))).rejects.toMatchObject(aborted)
    expect(asking).toBe(0)
    let done = () => {}
    const holder = at.store.lock!('user', () => new Promise<void>((resolve) => (done = resolve)))
    await poll(at.held).toBe(true)
    const waiting = new AbortController()
    const waiter = at.store.lock!('user', never, waiting.signal)
    // By now it looks every 200 ms, and has just looked.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.999)
    await asked(7)
    const outcome = Promise.race([waiter.catch((error) => error), sleep(150)])
    waiting.abort(reason)
    expect(await outcome).toMatchObject(aborted)
    random.mockRestore()
    done()
    await holder
    expect(await at.held()).toBe(false)
  })

  test('an abort while the lock is on its way gives it back', async () => {
    const waiting = new AbortController()
    const late: RedisScripting = {
      async eval(...call) {
        const reply = await at.connected.eval(...call)
        await sleep(50)
        return reply
      },
    }
    at.client = late
    const waiter = at.locked({ lease: 60_000 }, never, waiting.signal)
    setTimeout(() => waiting.abort(), 20)
    await expect(waiter).rejects.toMatchObject({ code: 'aborted' })
    await poll(at.fence).toBe(1)
    await poll(at.held).toBe(false)
  })

  test('a lock that comes after its time is given back', async () => {
    at.client = {
      async eval(...call) {
        const reply = await at.connected.eval(...call)
        if (call[0].includes('HINCRBY')) await sleep(200)
        return reply
      },
    }
    await expect(at.locked({ lease: 60_000, operation: 50 }, never)).rejects.toMatchObject({ code: 'timed_out' })
    expect(await at.held()).toBe(true)
    await poll(at.held).toBe(false)
  })

  test('a signal that comes when the task runs does not end it', async () => {
    const waiting = new AbortController()
    const work = at.store.lock!(
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
    let done = () => {}
    const holder = at.store.lock!('user', () => new Promise<void>((resolve) => (done = resolve)))
    await poll(at.held).toBe(true)
    await expect(at.locked({ wait: 300 }, never)).rejects.toMatchObject({ name: 'NetworkError', code: 'timed_out', action: 'retry' })
    done()
    await holder
  })
})
