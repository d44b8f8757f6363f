import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CacheStore } from '../../src/core/ports.ts'
import { fromIoredis, type RedisScripting, redisStore } from '../../src/redis/index.ts'
import { expectNoCanary } from '../support/canary.ts'
import { connections, listening, type RedisServer, startRedis, timeout, withoutRedis } from './redis-support.ts'

const CANARY = 'CANARY-refresh-token'

const operations: [string, (store: CacheStore) => Promise<unknown>][] = [
  ['read', (store) => store.read('user')],
  ['write', (store) => store.write('user', CANARY, { version: null, ttl: 60_000 })],
  ['remove', (store) => store.remove('user')],
  ['list', async (store) => await store.list!()[Symbol.asyncIterator]().next()],
  ['lock', (store) => store.lock!('user', async () => {})],
]

/** The rejection, after a look for what must not be in it. */
async function failure(work: Promise<unknown>): Promise<Error & { code: string }> {
  const error = await work.then(
    () => Promise.reject(new Error('It did not reject.')),
    (error) => error,
  )
  expect(error).toMatchObject({ name: 'NetworkError' })
  expect(error.cause).toBeUndefined()
  expectNoCanary(error)
  return error
}

const failures = async (store: CacheStore) =>
  (await Promise.all(operations.map(([, work]) => failure(work(store))))).map(({ code }) => code)
const all = (code: string) => operations.map(() => code)

describe('S51 S69 a client in a bad mood', () => {
  const rejecting = (reason: () => unknown): RedisScripting => ({ eval: () => Promise.reject(reason()) })

  test('one that rejects: unreachable, with nothing of what it says but the code', async () => {
    for (const [reason, code] of [
      [() => Object.assign(new Error(`connect ${CANARY}`), { code: 'ECONNREFUSED' }), ' (ECONNREFUSED)'],
      [() => Object.assign(new Error(`NOAUTH Authentication required. ${CANARY}`), { command: { args: [CANARY] } }), ' (NOAUTH)'],
      [() => new Error(CANARY, { cause: new Error(CANARY) }), ''],
      [() => CANARY, ''],
      [() => undefined, ''],
      [() => null, ''],
    ] as const) {
      const store = redisStore(rejecting(reason), { timeout: 50 })
      expect(await failures(store)).toEqual(all('unreachable'))
      expect((await failure(store.read('user'))).message).toBe(`Redis could not be asked${code}.`)
    }
  })

  test('S50 one that loses its connection, or whose Redis has just begun, is asked again within the time of an operation', async () => {
    const failing = (count: number, message: string) => {
      const client = {
        calls: 0,
        eval: () => (client.calls++ < count ? Promise.reject(new Error(message)) : Promise.resolve(1)),
      }
      return client
    }
    for (const message of [
      'Socket closed unexpectedly',
      'LOADING Redis is loading the dataset in memory',
      'Command failed: READONLY You …',
    ]) {
      const client = failing(4, message)
      expect(await redisStore(client).write('user', CANARY, {})).not.toBe('conflict')
      const locking = failing(4, message)
      expect(await redisStore(locking).lock!('user', async () => 'done')).toBe('done')
      expect([client.calls, locking.calls]).toEqual([5, 6])
    }
    const refused = failing(1, 'OOM command not allowed when used memory > maxmemory.')
    expect((await failure(redisStore(refused).read('user'))).message).toBe('Redis could not be asked (OOM).')
    expect(refused.calls).toBe(1)
    const start = performance.now()
    const gone = failing(Number.POSITIVE_INFINITY, 'Socket closed unexpectedly')
    expect(await failure(redisStore(gone, { timeout: 200 }).read('user'))).toMatchObject({ code: 'unreachable' })
    expect(performance.now() - start).toBeLessThan(2000)
    expect(gone.calls).toBeGreaterThan(3)
  })

  test('one that throws', async () => {
    const store = redisStore({
      eval() {
        throw new Error(CANARY)
      },
    })
    expect(await failures(store)).toEqual(all('unreachable'))
  })

  test('one that never answers: each operation has its 500 ms, or what it was given', async () => {
    const start = performance.now()
    expect(await failures(redisStore({ eval: () => new Promise(() => {}) }))).toEqual(all('timed_out'))
    expect(performance.now() - start).toBeGreaterThan(450)
    expect(performance.now() - start).toBeLessThan(5000)
    const slow: RedisScripting = { eval: () => new Promise((resolve) => setTimeout(resolve, 200, null)) }
    expect((await failure(redisStore(slow, { timeout: 20 }).read('user'))).message).toBe('Redis did not answer within 20 ms.')
    expect(await redisStore(slow).read('user')).toBeNull()
  })

  test('one that answers nonsense: bad_response', async () => {
    const garbage = [
      undefined,
      true,
      {},
      '',
      'OK',
      CANARY,
      -1,
      0.5,
      Number.NaN,
      2 ** 53,
      [],
      [CANARY],
      [1, 2],
      ['vx', 'dx', 'dx'],
      ['v1', 2],
      ['x', 'd'],
      ['v', 'x'],
      '1e3',
    ]
    for (const reply of garbage) {
      const store = redisStore({ eval: async () => reply })
      for (const [name, work] of operations) expect(`${name} ${(await failure(work(store))).code}`).toBe(`${name} bad_response`)
    }
    for (const [name, reply] of [
      ['read', 1],
      ['write', null],
      ['write', 2],
      ['remove', null],
      ['list', 1],
      ['list', ['c0', 1]],
      ['lock', null],
    ] as const) {
      const work = operations.find(([operation]) => operation === name)![1]
      expect((await failure(work(redisStore({ eval: async () => reply })))).code).toBe('bad_response')
    }
  })

  test('one that reads without a script, and answers nonsense: bad_response, and nothing that is not whole', async () => {
    const reading = (reply: unknown) =>
      redisStore({ eval: () => Promise.reject(new Error('It was asked by a script.')), readHash: async () => reply }).read('user')
    for (const reply of [undefined, null, true, {}, '', CANARY, 1, [], ['v'], [1, 'd'], ['v', 2], ['v', undefined], ['v', 'd', 'd']])
      expect((await failure(reading(reply))).code).toBe('bad_response')
    for (const reply of [
      [null, null],
      ['v', null],
      [null, 'd'],
    ])
      expect(await reading(reply)).toBeNull()
    expect(await reading(['v', ''])).toEqual({ version: 'v', value: '' })
    const error = Object.assign(new Error(CANARY), { code: 'ECONNRESET' })
    const rejecting = redisStore({ eval: async () => null, readHash: () => Promise.reject(error) }, { timeout: 50 })
    expect((await failure(rejecting.read('user'))).message).toBe('Redis could not be asked (ECONNRESET).')
    const hanging = redisStore({ eval: async () => null, readHash: () => new Promise(() => {}) }, { timeout: 20 })
    expect((await failure(hanging.read('user'))).code).toBe('timed_out')
  })

  test('numbers that come as texts are understood', async () => {
    expect(await redisStore({ eval: async () => '1' }).write('user', 'value', {})).not.toBe('conflict')
    expect(await redisStore({ eval: async () => '0' }).write('user', 'value', {})).toBe('conflict')
  })

  test.each([undefined, null, {}, { eval: 1 }])('what is no client is refused at once: %j', (client) => {
    expect(() => redisStore(client as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })

  test('a client of a package as it is is refused at once: every command of it would fail, and the cache would go on in memory alone', () => {
    for (const client of [createClient(), new Redis({ lazyConnect: true })])
      expect(() => redisStore(client as never)).toThrow('The client needs fromNodeRedis() or fromIoredis() around it.')
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '500'])('a timeout of %j is refused', (timeout) => {
    expect(() => redisStore({ eval: async () => null }, { timeout: timeout as never })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })
})

describe('S51 a server in a bad mood', () => {
  const refusal = '-NOAUTH Authentication required.\r\n'
  const commands = (data: Buffer) => String(data).match(/^\*\d+\r$/gm)?.length ?? 0
  const withServer = async (answer: (socket: Socket) => void, work: (port: number) => Promise<void>) => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}))
      answer(socket)
    })
    const { port } = await listening(server)
    await work(port)
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }

  test.each([
    ['hangs', () => {}, ['timed_out']],
    [
      'answers something else',
      (socket: Socket) => void socket.on('data', () => socket.write('HTTP/1.1 400 Bad\r\n\r\n')),
      ['unreachable', 'timed_out', 'bad_response'],
    ],
    ['hangs up', (socket: Socket) => void socket.on('data', () => socket.destroy()), ['unreachable', 'timed_out']],
    ['refuses', (socket: Socket) => void socket.on('data', (data) => socket.write(refusal.repeat(commands(data)))), ['unreachable']],
  ])('one that %s', async (_mood, answer, codes) => {
    await withServer(answer, async (port) => {
      const client = new Redis({ port, enableReadyCheck: false, retryStrategy: () => 50 })
      client.on('error', () => {})
      for (const code of await failures(redisStore(fromIoredis(client)))) expect(codes).toContain(code)
      client.disconnect()
    })
  })
})

describe.skipIf(withoutRedis)('S51 Redis in a bad mood', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.close())
  beforeEach(() => server.raw.flushall())

  const works = async (store: CacheStore) => {
    const value = String(Math.random())
    await store.lock!('other', () => store.write('other', value, {}))
    return (await store.read('other'))?.value === value
  }

  describe.each(Object.entries(connections))('over %s', (_name, connect) => {
    test('it hangs: bounded, and it works again as soon as it answers', async () => {
      const { client, close } = await connect(server)
      const store = redisStore(client, { timeout })
      expect(await works(store)).toBe(true)
      server.freeze()
      expect(await failures(redisStore(client, { timeout: 200 }))).toEqual(all('timed_out'))
      server.thaw()
      await expect.poll(() => works(store).catch(() => false), { timeout: 15_000 }).toBe(true)
      await close()
    })

    test('it crashes in the middle: a typed error, and it works again as soon as it is back', async () => {
      const { client, close } = await connect(server)
      const store = redisStore(client, { timeout })
      const impatient = redisStore(client, { timeout: 1000 })
      expect(await works(store)).toBe(true)
      const task = impatient.lock!('user', async () => {
        await server.kill()
        expect(await failures(impatient)).toEqual(operations.map(() => expect.stringMatching(/^(timed_out|unreachable)$/)))
        return 'the task’s result does not depend on the release'
      })
      expect(await task).toBe('the task’s result does not depend on the release')
      await server.start()
      await expect.poll(() => works(store).catch(() => false), { timeout: 15_000 }).toBe(true)
      await close()
    })

    test('S69 it refuses: a typed error that quotes nothing', async () => {
      const { client, close } = await connect(server)
      const store = redisStore(client)
      await server.raw.set('msal-isomorphic:{user}', 'not a hash')
      const error = await failure(store.write('user', CANARY, {}))
      expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('(WRONGTYPE)') })
      await store.remove('user')
      expect(await store.write('user', CANARY, {})).not.toBe('conflict')
      await close()
    })
  })
})
