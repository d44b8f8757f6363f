import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheStoreContract } from '../../src/testing/index.ts'
import { memoryStore } from '../support/memory-store.ts'
import { bundleWorker, startWorkerd, workerOf } from './workerd-support.ts'

const names = ['KV', 'one object', 'a stub', 'an object for each partition', 'an object that keeps keys and values']

let workerd: Miniflare
beforeAll(async () => {
  const durableObjects = {
    TOKENS: { className: 'OpenObject', useSQLite: true },
    KEYS_AND_VALUES: { className: 'TokenCacheObject', useSQLite: false },
  }
  workerd = await startWorkerd(workerOf('contract', await bundleWorker('contract'), { kvNamespaces: ['KV'], durableObjects }))
})
afterAll(() => workerd?.dispose())

const ask = async (query: Record<string, string> = {}) =>
  (await workerd.dispatchFetch(`http://worker/?${new URLSearchParams(query)}`)).text()

test('these are the stores that the Worker has', async () => {
  expect(JSON.parse(await ask())).toEqual(names)
  expect(await ask({ store: 'KV', check: 'none' })).toMatch('no such check')
})

describe.each(names)('in workerd: %s', (store) => {
  test.each(cacheStoreContract(memoryStore).map(({ name }) => name))('%s', async (check) => {
    expect(await ask({ store, check })).toBe('passed')
  })
})
