import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { indexedDbStore } from '../../src/browser/index.ts'
import type { CacheStore } from '../../src/core/index.ts'
import { cacheStoreContract } from '../../src/testing/index.ts'
import { node, root } from '../package/support.ts'
import { contentOf, emptyIndexedDb, openDatabases, until, within } from './storage-support.ts'

beforeEach(() => {
  emptyIndexedDb()
  return () => vi.unstubAllGlobals()
})

const secret = 'a-refresh-token-that-nobody-may-see'
const user = 'user:mia.contoso'

describe('the contract of a store', () => {
  for (const { name, run } of cacheStoreContract(() => indexedDbStore())) test(name, run)

  test('through two stores of one name', async () => {
    const [first, second] = [indexedDbStore(), indexedDbStore()]
    const either = () => (Math.random() < 0.5 ? first : second)
    const alternating = {
      ...first,
      read: (partition: string) => either().read(partition),
      write: (...args: Parameters<typeof first.write>) => either().write(...args),
    }
    for (const { run } of cacheStoreContract(() => alternating)) await run()
  })
})

async function namesIn(store: CacheStore): Promise<string[]> {
  const names: string[] = []
  for await (const name of store.list!()) names.push(name)
  return names
}

describe('at rest', () => {
  test('no token can be read, and no key taken away', async () => {
    await indexedDbStore().write(user, JSON.stringify({ secret }), {})
    const content = await contentOf()
    expect([...content.keys()]).toEqual([0, user])
    const { iv, data, ...rest } = content.get(user) as { iv: Uint8Array; data: ArrayBuffer }
    expect(Object.keys(rest)).toEqual(['version', 'expires'])
    const bytes = Buffer.concat([iv, Buffer.from(data), Buffer.from(JSON.stringify(rest))])
    for (const encoding of ['latin1', 'utf16le'] as const) expect(bytes.toString(encoding)).not.toContain(secret)
    const key = content.get(0) as CryptoKey
    expect(key).toMatchObject({ extractable: false, algorithm: { name: 'AES-GCM', length: 256 } })
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
  })

  test('the same value looks different each time', async () => {
    const store = indexedDbStore()
    const seen = new Set<string>()
    for (let round = 0; round < 20; round++) {
      await store.write(user, secret, {})
      const { iv, data } = (await contentOf()).get(user) as { iv: Uint8Array; data: ArrayBuffer }
      seen.add(Buffer.from(iv).toString('hex')).add(Buffer.from(data).toString('hex'))
    }
    expect(seen.size).toBe(40)
  })

  test('a value is worth nothing under another name, or changed', async () => {
    const store = indexedDbStore()
    await store.write(user, secret, {})
    await store.write('user:other', 'x', {})
    const sealed = (await contentOf()).get(user) as { data: ArrayBuffer }
    await within('msal-isomorphic', 'readwrite', (objects) => void objects.put(sealed, 'user:other'))
    expect(await store.read('user:other')).toBeNull()
    const bent = new Uint8Array(sealed.data)
    bent[0]! ^= 1
    await within('msal-isomorphic', 'readwrite', (objects) => void objects.put({ ...sealed, data: bent.buffer }, user))
    expect(await store.read(user)).toBeNull()
    expect([...(await contentOf()).keys()], 'what nobody can read is gone').toEqual([0])
    expect(await store.write(user, 'new', { version: null })).not.toBe('conflict')
  })

  test.each([null, 5, 'text', [], {}, { version: 1, expires: Number.POSITIVE_INFINITY }, { expires: 1e99, version: 'v', iv: 1, data: '' }])(
    'foreign content counts as absent: %j',
    async (foreign) => {
      const store = indexedDbStore()
      await store.write('user:other', 'x', {})
      await within('msal-isomorphic', 'readwrite', (objects) => void objects.put(foreign, user))
      expect(await store.read(user)).toBeNull()
      expect(await namesIn(store)).not.toContain(undefined)
      expect(await store.write(user, secret, { version: null })).not.toBe('conflict')
      expect((await store.read(user))?.value).toBe(secret)
    },
  )

  test('tabs that begin at the same time agree on one key', async () => {
    const { generateKey } = crypto.subtle
    let slow = 0
    const spy = vi.spyOn(crypto.subtle, 'generateKey').mockImplementation(async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 10 * slow++))
      return await generateKey.apply(crypto.subtle, args as Parameters<typeof generateKey>)
    })
    const stores = Array.from({ length: 4 }, () => indexedDbStore())
    await Promise.all(stores.map((store, index) => store.write(`user:${index}`, secret, {})))
    expect(spy).toHaveBeenCalledTimes(4)
    spy.mockRestore()
    const reader = indexedDbStore()
    for (const index of stores.keys()) expect((await reader.read(`user:${index}`))?.value).toBe(secret)
  })

  test('stores of different names share nothing', async () => {
    await indexedDbStore({ name: 'one' }).write(user, secret, {})
    expect(await indexedDbStore({ name: 'two' }).read(user)).toBeNull()
    expect((await indexedDbStore({ name: 'one' }).read(user))?.value).toBe(secret)
  })
})

test('a partition past its ttl is absent, may be written anew, and is swept', async () => {
  const store = indexedDbStore()
  await store.write(user, secret, { ttl: 60_000 })
  await store.write('user:other', secret, { ttl: 60_000 })
  await store.write('user:long', secret, { ttl: 600_000 })
  vi.setSystemTime(Date.now() + 61_000)
  onTestFinished(() => void vi.useRealTimers())
  expect(await store.read(user)).toBeNull()
  expect(await store.write(user, 'new', { version: null })).not.toBe('conflict')
  expect((await namesIn(store)).sort()).toEqual(['user:long', user].sort())
  expect([...(await contentOf()).keys()]).toEqual([0, 'user:long', user])
})

describe('a database that goes away', () => {
  test('deleted: nobody is held up, and the store begins anew', async () => {
    const store = indexedDbStore()
    await store.write(user, secret, {})
    const request = indexedDB.deleteDatabase('msal-isomorphic')
    await new Promise((resolve, reject) => {
      request.onsuccess = resolve
      request.onblocked = () => reject(new Error('blocked'))
    })
    expect(await store.read(user)).toBeNull()
    await store.write(user, 'new', { version: null })
    expect((await indexedDbStore().read(user))?.value).toBe('new')
  })

  test('upgraded by a later version of the page: it goes on with that', async () => {
    const store = indexedDbStore()
    await store.write(user, secret, {})
    const request = indexedDB.open('msal-isomorphic', 7)
    await new Promise((resolve, reject) => {
      request.onsuccess = resolve
      request.onblocked = () => reject(new Error('blocked'))
    })
    expect((await store.read(user))?.value).toBe(secret)
    request.result.close()
  })

  test('closed by the browser, also in the middle of things', async () => {
    const databases = openDatabases()
    const store = indexedDbStore()
    await store.write(user, '0', {})
    for (let round = 1; round <= 5; round++) {
      const writing = store.write(user, String(round), {})
      if (round % 2) await new Promise((resolve) => setTimeout(resolve, round))
      databases.closeAll()
      await writing
      expect((await store.read(user))?.value).toBe(String(round))
    }
  })

  test('emptied, and begun anew with another key by another tab', async () => {
    const [here, there] = [indexedDbStore(), indexedDbStore()]
    await here.write(user, secret, {})
    await within('msal-isomorphic', 'readwrite', (objects) => void objects.clear())
    await there.write(user, 'theirs', {})
    expect((await here.read(user))?.value).toBe('theirs')
    await here.write(user, 'ours', {})
    expect((await there.read(user))?.value).toBe('ours')
  })

  test('of the same name, made by somebody else: it is joined', async () => {
    const request = indexedDB.open('msal-isomorphic')
    request.onupgradeneeded = () => request.result.createObjectStore('theirs')
    await new Promise((resolve) => {
      request.onsuccess = resolve
    })
    request.result.close()
    const store = indexedDbStore()
    await store.write(user, secret, {})
    expect((await store.read(user))?.value).toBe(secret)
  })
})

describe('watching', () => {
  test('tells of what other stores write and remove, by name alone, until it is stopped', async () => {
    const [here, there] = [indexedDbStore(), indexedDbStore()]
    const heard: string[] = []
    const raw: unknown[] = []
    const spy = new BroadcastChannel('msal-isomorphic msal-isomorphic')
    spy.onmessage = ({ data }) => void raw.push(data)
    onTestFinished(() => spy.close())
    const stop = here.watch!((partition) => heard.push(partition))
    await here.read(user)
    await here.write('user:own', secret, {})
    await there.write(user, secret, {})
    await there.write(user, secret, { version: null })
    await there.remove(user)
    await there.write('user:last', secret, {})
    await until(() => heard.includes('user:last') && raw.includes('user:last'))
    expect(heard).toEqual([user, user, 'user:last'])
    expect(raw).toEqual(['user:own', user, user, 'user:last'])
    stop()
    await there.write(user, secret, {})
    await until(() => raw.length >= 5)
    expect(heard).toHaveLength(3)
  })

  test('stopped before it has begun', async () => {
    const [here, there] = [indexedDbStore(), indexedDbStore()]
    const heard: string[] = []
    here.watch!((partition) => heard.push(partition))()
    await here.read(user)
    await there.write(user, secret, {})
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(heard).toEqual([])
  })

  test('keeps no process alive', async () => {
    const program = `
      import 'fake-indexeddb/auto'
      import { PublicClientApplication, TokenCache } from 'msal-isomorphic'
      import { accounts, indexedDbStore } from 'msal-isomorphic/browser'
      const app = new PublicClientApplication({ clientId: 'id', tokenCache: new TokenCache({ store: indexedDbStore() }) })
      accounts(app).subscribe(() => {})
      console.log((await app.getAccounts()).length)`
    expect(await node(root, ['--input-type=module', '-e', program])).toBe('0\n')
  })
})
