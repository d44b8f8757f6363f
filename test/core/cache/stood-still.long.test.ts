import { access } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { type CacheStore, TokenCache } from '../../../src/core/index.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { publicClient } from '../client/support.ts'

it('S67 an answer of the store that came while the process stood still for longer than its time counts', async () => {
  const store = memoryStore()
  const onStoreError = vi.fn()
  const read: CacheStore['read'] = async (partition) => {
    const answered = new Promise((resolve) => access(new URL(import.meta.url), resolve))
    const end = performance.now() + 5500
    while (performance.now() < end);
    await answered
    return store.read(partition)
  }
  const app = publicClient(new FakeProvider(), { tokenCache: new TokenCache({ store: { ...store, read }, onStoreError }) })
  await app.getAccount({ homeAccountId: 'nobody.here' })
  expect(onStoreError).not.toHaveBeenCalled()
})
