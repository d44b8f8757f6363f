import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CacheStore } from '../../src/core/index.ts'
import { kvStore } from '../../src/edge/index.ts'
import { cacheStoreContract } from '../../src/testing/index.ts'
import { SlowKv } from './slow-kv.ts'

let kv: SlowKv
let here: CacheStore
let there: CacheStore
beforeEach(() => {
  vi.useFakeTimers()
  kv = new SlowKv()
  here = kvStore(kv.at('here'))
  there = kvStore(kv.at('there'))
})
afterEach(() => {
  vi.useRealTimers()
})

const { setImmediate } = globalThis
const realTurn = () => new Promise((resolve) => setImmediate(resolve))

/** Lets the time pass that a task needs. */
async function run<T>(task: Promise<T>, most = 120_000): Promise<T> {
  const outcome = task.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  let done = false
  outcome.then(() => {
    done = true
  })
  for (let time = 0; time < most && !done; time += 10) {
    await vi.advanceTimersByTimeAsync(10)
    // Keys are computed beside, in a time of their own.
    await realTurn()
  }
  const result = await Promise.race([outcome, Promise.resolve({ error: new Error('It takes too long.') })])
  if ('error' in result) throw result.error
  return result.value
}
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)
const namesOf = async (store: CacheStore) => {
  const names: string[] = []
  for await (const name of store.list!()) names.push(name)
  return names.sort()
}
const textOf = async (store: CacheStore, partition = 'user:u') => (await store.read(partition))?.value

describe('the contract holds within one isolate', () => {
  test.each([0, 60_000])('where KV shows an own write after %d ms', async (ownDelay) => {
    kv.ownDelay = ownDelay
    for (const check of cacheStoreContract(() => here)) await run(check.run())
  })
})

describe('S55 within a minute of a write', () => {
  test('an isolate reads what it has written, through any store over the same namespace', async () => {
    kv.ownDelay = 60_000
    const namespace = kv.at('here')
    const version = await kvStore(namespace).write('user:u', 'value', { version: null })
    expect(await kvStore(namespace).read('user:u')).toEqual({ value: 'value', version })
    expect(await kvStore(kv.at('here')).read('user:u')).toBeNull()
    await pass(60_000)
    expect(await kvStore(kv.at('here')).read('user:u')).toEqual({ value: 'value', version })
  })

  test('it does not go back to an older value, and lists no partition that it has removed', async () => {
    await here.write('user:u', 'old', {})
    await pass(61_000)
    kv.ownDelay = 60_000
    await here.write('user:u', 'new', {})
    expect(await textOf(here)).toBe('new')
    await pass(30_000)
    await here.remove('user:u')
    await here.write('user:v', 'v', {})
    expect(await textOf(here)).toBeUndefined()
    expect(await namesOf(here)).toEqual(['user:v'])
    expect(await namesOf(there)).toEqual(['user:u'])
    await pass(60_000)
    expect(await namesOf(there)).toEqual(['user:v'])
    expect(await textOf(there)).toBeUndefined()
  })

  test('it takes what is newer from elsewhere: a renewal, and a sign-out', async () => {
    kv.delay = 2000
    await here.write('user:u', 'one', {})
    await pass(2000)
    const seen = await there.read('user:u')
    expect(seen?.value).toBe('one')
    await there.write('user:u', 'two', { version: seen!.version })
    expect(await textOf(here)).toBe('one')
    await pass(2000)
    expect(await textOf(here)).toBe('two')
    await there.remove('user:u')
    await pass(2000)
    expect(await textOf(here)).toBeUndefined()
    expect(await here.write('user:u', 'three', { version: seen!.version })).toBe('conflict')
  })

  test('versions follow each other whatever the clocks say', async () => {
    const content = new Map<string, string>()
    const put = async (key: string, value: string) => void content.set(key, value)
    const consistent = () => kvStore({ ...kv.at('anywhere'), get: async (key) => content.get(key) ?? null, put })
    const [ahead, behind] = [consistent(), consistent()]
    const version = await ahead.write('user:u', 'one', {})
    vi.setSystemTime(Date.now() - 30_000)
    expect(await behind.write('user:u', 'two', { version })).not.toBe('conflict')
    vi.setSystemTime(Date.now() + 30_000)
    expect(await textOf(ahead)).toBe('two')
  })
})

test('a conflict is noticed where the other write is seen', async () => {
  kv.delay = 0
  const version = await here.write('user:u', 'one', { version: null })
  await pass(1000)
  expect(await there.write('user:u', 'two', { version: version })).not.toBe('conflict')
  expect(await here.write('user:u', 'three', { version })).toBe('conflict')
  expect(await here.write('user:u', 'three', { version: null })).toBe('conflict')
})

test('after a minute KV alone counts', async () => {
  kv.ownDelay = 90_000
  await here.write('user:u', 'one', {})
  await pass(59_000)
  expect(await textOf(here)).toBe('one')
  await pass(2000)
  expect(await textOf(here)).toBeUndefined()
})

describe('S55 one write per second', () => {
  test('many at once make two puts, the last of which has them all', async () => {
    const count = async () => {
      for (;;) {
        const found = await here.read('user:u')
        const next = String(Number(found?.value ?? 0) + 1)
        if ((await here.write('user:u', next, { version: found?.version ?? null })) !== 'conflict') return
      }
    }
    kv.putTime = 100
    await run(Promise.all(Array.from({ length: 12 }, count)), 4000)
    expect(kv.final(kv.keys()[0]!)).toMatch(/\n12$/)
    // The first, one that was refused, and one after a second.
    expect(kv.count('put')).toBeLessThanOrEqual(4)
  })

  test('locations that meet get through one after the other', async () => {
    await here.write('user:u', 'here', {})
    await run(there.write('user:u', 'there', {}), 2000)
    expect(kv.final(kv.keys()[0]!)).toMatch(/there$/)
    expect(kv.count('put', 'there')).toBe(2)
  })

  test('what KV refuses three times rejects, and was never there', async () => {
    const version = await here.write('user:u', 'one', {})
    await pass(1000)
    kv.fault = ({ operation }) =>
      operation === 'put' ? Promise.reject(new Error('KV PUT failed: 429 Too Many Requests for user:u')) : undefined
    const error = await run(here.write('user:u', 'secret', { version })).catch((error) => error)
    expect(error).toMatchObject({ code: 'unreachable', message: 'Cloudflare KV could not be asked (429).' })
    expect(error.cause).toBeUndefined()
    expect(kv.count('put')).toBe(4)
    kv.fault = undefined
    expect(await here.read('user:u')).toEqual({ value: 'one', version })
    expect(await here.write('user:u', 'two', { version })).not.toBe('conflict')
  })

  test('other failures are not repeated', async () => {
    kv.fault = () => Promise.reject(new Error('KV PUT failed: 500 user:u'))
    await expect(here.write('user:u', 'one', {})).rejects.toMatchObject({ code: 'unreachable' })
    expect(kv.count('put')).toBe(1)
    await expect(here.read('user:u')).rejects.toMatchObject({ code: 'unreachable', message: 'Cloudflare KV could not be asked (500).' })
    await expect(here.remove('user:u')).rejects.toMatchObject({ code: 'unreachable' })
    await expect(namesOf(here)).rejects.toMatchObject({ code: 'unreachable' })
    kv.fault = undefined
    expect(await here.read('user:u')).toBeNull()
  })
})

test('a write that hangs, as those of a cancelled request do, holds up nobody for more than 5 s', async () => {
  kv.fault = ({ operation }) => (operation === 'put' && kv.count('put') === 1 ? new Promise(() => {}) : undefined)
  const first = run(here.write('user:u', 'one', {})).catch(({ code }) => code)
  const second = here.write('user:u', 'two', {})
  expect(await first).toBe('timed_out')
  await run(second, 1000)
  expect(kv.final(kv.keys()[0]!)).toMatch(/two$/)
  kv.fault = () => new Promise(() => {})
  await expect(run(here.read('user:v'), 5100)).rejects.toMatchObject({ code: 'timed_out' })
})

test.each([
  [1, 60],
  [60_001, 61],
  [90 * 86_400_000, 90 * 86_400],
  [undefined, undefined],
  [Number.POSITIVE_INFINITY, undefined],
])('a life of %s ms is %s s in KV', async (ttl, seconds) => {
  await here.write('user:u', 'value', ttl === undefined ? {} : { ttl })
  expect(kv.calls.at(-1)?.options?.expirationTtl).toBe(seconds)
})

describe('keys', () => {
  test('have at most 512 bytes, whatever the name', async () => {
    const names = ['user:u', `user:${'y'.repeat(600)}`, 'user:ä', 'user:{x}', '#', '', 'user:\ud800', 'user:\ud801']
    for (const [index, name] of names.entries()) await here.write(name, `${index}`, {})
    for (const [index, name] of names.entries()) expect(await textOf(kvStore(kv.at('here')), name)).toBe(`${index}`)
    expect(new Set(kv.keys()).size).toBe(names.length)
    for (const key of kv.keys()) expect(new TextEncoder().encode(key).length).toBeLessThanOrEqual(512)
    await pass(61_000)
    expect(await namesOf(there)).toEqual(names.sort())
  })

  test('of two stores never meet', async () => {
    const namespace = kv.at('here')
    const prefixes = ['a', 'a{', 'a{x}', 'a{x}{', '', '{']
    const stores = prefixes.map((prefix) => kvStore(namespace, { prefix }))
    for (const [index, store] of stores.entries()) for (const name of ['x', 'y}', '{y']) await store.write(name, `${index}`, {})
    const others = prefixes.map((prefix) => kvStore(kv.at('here'), { prefix }))
    for (const [index, store] of [...stores, ...others].entries()) {
      expect(await namesOf(store)).toEqual(['x', '{y', 'y}'].sort())
      for (const name of ['x', 'y}', '{y']) expect(await textOf(store, name)).toBe(`${index % prefixes.length}`)
    }
  })

  test('that hold something else count as absent', async () => {
    for (const text of ['', 'text', '{"a":1}', `000000000-${'0'.repeat(36)}\n"user:v"\nvalue`]) {
      await kv.at('here').put('msal-isomorphic:{user:u}', text)
      expect(await here.read('user:u')).toBeNull()
      await pass(1000)
    }
  })
})

test('memory is bounded', async () => {
  for (let index = 0; index < 1500; index++) await here.write(`user:${index}`, 'value', {})
  kv.fault = undefined
  const shown = vi.spyOn(Date, 'now').mockReturnValue(Date.now())
  kv.ownDelay = 60_000
  let known = 0
  for (let index = 0; index < 1500; index++) if (await here.read(`user:${index}`)) known++
  shown.mockRestore()
  expect(known).toBe(1000)
})

test.each([undefined, null, {}, 'KV'])('%s is no namespace', (namespace) => {
  expect(() => kvStore(namespace as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})
test.each([1, 'ä'.repeat(225)])('%s is no prefix', (prefix) => {
  expect(() => kvStore(kv.at('here'), { prefix: prefix as never })).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})
