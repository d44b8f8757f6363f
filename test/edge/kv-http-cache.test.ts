import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { kvHttpCache } from '../../src/edge/index.ts'
import { SlowKv } from './slow-kv.ts'

const day = 86_400_000
const key = 'GET https://login.example/.well-known/openid-configuration'
const entry = (life: number, document: unknown = { issuer: 'i' }) => JSON.stringify({ document, expiresAt: Date.now() + life })

let kv: SlowKv
beforeEach(() => {
  vi.useFakeTimers()
  kv = new SlowKv()
  kv.delay = 0
})
afterEach(() => {
  vi.useRealTimers()
})

test('a document is asked of KV once in each isolate, and lives there as long as it is good', async () => {
  const value = entry(day)
  await kvHttpCache(kv.at('here')).set(key, value)
  expect(kv.calls).toEqual([{ region: 'here', operation: 'put', key: `msal-isomorphic-http:{${key}}`, options: { expirationTtl: 86_400 } }])
  const namespace = kv.at('there')
  expect(await kvHttpCache(namespace).get(key)).toBe(value)
  expect(kvHttpCache(namespace).get(key)).toBe(value)
  expect(kv.count('get')).toBe(1)
  vi.setSystemTime(Date.now() + day)
  expect(await kvHttpCache(namespace).get(key)).toBeUndefined()
  expect(kv.count('get')).toBe(2)
  expect(kv.count('delete')).toBe(0)
})

test('a key that is too long is hashed, and found again', async () => {
  const long = `${key}?${'x'.repeat(600)}`
  await kvHttpCache(kv.at('here')).set(long, entry(day))
  expect(kv.keys()[0]).toMatch(/^msal-isomorphic-http:\{#[\w-]{43}\}$/)
  expect(await kvHttpCache(kv.at('there')).get(long)).toContain('issuer')
  expect(await kvHttpCache(kv.at('there')).get(`${long}x`)).toBeUndefined()
})

test('refusals and what ends within a minute stay in this isolate', async () => {
  const namespace = kv.at('here')
  const cache = kvHttpCache(namespace)
  for (const [name, life] of [
    ['POST https://login.example/token abc', 120_000],
    [key, 60_000],
  ] as const) {
    await cache.set(name, entry(life))
    expect(await kvHttpCache(namespace).get(name)).toContain('issuer')
  }
  expect(await kvHttpCache(kv.at('there')).get('POST https://login.example/token abc')).toBeUndefined()
  expect(kv.calls).toEqual([])
})

test('a deleted document is gone', async () => {
  const cache = kvHttpCache(kv.at('here'))
  await cache.set(key, entry(day))
  await vi.advanceTimersByTimeAsync(1000)
  await cache.delete(key)
  expect(await cache.get(key)).toBeUndefined()
  expect(kv.final(kv.keys()[0]!)).toBeNull()
})

test('a KV that fails or hangs rejects within two seconds', async () => {
  const cache = kvHttpCache(kv.at('here'))
  kv.fault = () => Promise.reject(new Error('KV PUT failed: 500'))
  await expect(cache.get(key)).rejects.toMatchObject({ code: 'unreachable' })
  await expect(cache.set(key, entry(day))).rejects.toMatchObject({ code: 'unreachable' })
  expect(await cache.get(key)).toContain('issuer')
  kv.fault = () => new Promise(() => {})
  const hanging = expect(kvHttpCache(kv.at('there')).get(key)).rejects.toMatchObject({ code: 'timed_out' })
  await vi.advanceTimersByTimeAsync(2000)
  await hanging
})

test('memory in front of it is bounded', async () => {
  const cache = kvHttpCache(kv.at('here'))
  for (let index = 0; index < 300; index++) await cache.set(`${key}${index}`, entry(day))
  for (let index = 0; index < 300; index++) await cache.get(`${key}${index}`)
  expect(kv.count('get')).toBeGreaterThanOrEqual(44)
})

test.each([undefined, null, {}, 'KV'])('%s is no namespace', (namespace) => {
  expect(() => kvHttpCache(namespace as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})
