import { IDBObjectStore as FDBObjectStore } from 'fake-indexeddb'
import { promisifyRequest } from 'idb-keyval'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { indexedDbStore } from '../../src/browser/index.ts'
import { cacheStoreContract } from '../../src/testing/index.ts'
import { codeOf } from '../core/client/support.ts'
import { contentOf, emptyIndexedDb, until, within } from './storage-support.ts'

beforeEach(() => {
  emptyIndexedDb()
  return () => vi.unstubAllGlobals()
})

const secret = 'a-refresh-token-that-nobody-may-see'
const user = 'user:mia.contoso'

/** An empty IndexedDB that opens when it is told to. */
function opensLate(): () => void {
  const factory = emptyIndexedDb()
  const late = {} as IDBRequest
  vi.stubGlobal('indexedDB', { open: () => late })
  return () => {
    const request = factory.open('msal-isomorphic')
    request.onupgradeneeded = () => request.result.createObjectStore('partitions')
    request.onsuccess = () => {
      Object.assign(late, { result: request.result })
      late.onsuccess?.(new Event('success'))
    }
  }
}

describe('an IndexedDB that refuses', () => {
  const refusals: [string, () => unknown][] = [
    ['is missing', () => undefined],
    ['may not be touched', () => Promise.reject(new DOMException('no', 'SecurityError'))],
    ['throws when it is opened', () => ({ open: () => fail('SecurityError') })],
    ['fails each time', () => ({ open: () => failing('UnknownError') })],
  ]
  const fail = (name: string) => {
    throw new DOMException('no', name)
  }
  function failing(name: string) {
    const request = { error: new DOMException('no', name) } as IDBRequest
    queueMicrotask(() => request.onerror?.(new Event('error')))
    return request
  }

  test.each(refusals)('S53 %s: told once, and memory from then on', async (_name, make) => {
    const stub = make()
    if (stub instanceof Promise) {
      stub.catch(() => {})
      vi.stubGlobal('indexedDB', undefined)
      Object.defineProperty(globalThis, 'indexedDB', { configurable: true, get: () => fail('SecurityError') })
    } else vi.stubGlobal('indexedDB', stub)
    const store = indexedDbStore()
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => store.read(user)))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', ...Array(4).fill('fulfilled')])
    expect((outcomes[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'environment_unsupported' })
    for (const { run } of cacheStoreContract(() => store)) await run()
  })

  test('S53 fails once: nobody notices', async () => {
    const factory = emptyIndexedDb()
    let opened = 0
    vi.stubGlobal('indexedDB', { open: (name: string) => (opened++ ? factory.open(name) : failing('UnknownError')) })
    const store = indexedDbStore()
    await store.write(user, secret, {})
    vi.stubGlobal('indexedDB', factory)
    expect((await indexedDbStore().read(user))?.value).toBe(secret)
  })

  test('S53 does not answer: refused within a second, and served as soon as it does', async () => {
    const open = opensLate()
    const store = indexedDbStore()
    const began = performance.now()
    expect(await codeOf(store.read(user))).toBe('timed_out')
    expect(performance.now() - began).toBeLessThan(1500)
    expect(await codeOf(store.read(user)), 'at once, the second time').toBe('timed_out')
    expect(performance.now() - began).toBeLessThan(1500)
    open()
    await until(async () => (await store.write(user, secret, {}).catch(() => 'no')) !== 'no')
    expect((await store.read(user))?.value).toBe(secret)
  })
})

describe('S53 an IndexedDB that hangs once it is open', () => {
  /** Somebody's transaction that does not end until it is told to. */
  async function endless(): Promise<() => void> {
    let goOn = true
    await new Promise<void>((begun) => {
      void within('msal-isomorphic', 'readwrite', (store) => {
        const again = () => {
          if (goOn) store.get(0).onsuccess = again
          begun()
        }
        store.get(0).onsuccess = again
      })
    })
    return () => {
      goOn = false
    }
  }

  test('is told of within a second, and what was told to have failed is not done later', async () => {
    const store = indexedDbStore()
    await store.write(user, 'old', {})
    const end = await endless()
    const began = performance.now()
    expect(await Promise.all([codeOf(store.read(user)), codeOf(store.write(user, 'new', {})), codeOf(store.remove(user))])).toEqual(
      Array(3).fill('timed_out'),
    )
    expect(performance.now() - began).toBeLessThan(1500)
    for (let round = 0; round < 3; round++) expect(await codeOf(store.read(user))).toBe('timed_out')
    expect(performance.now() - began, 'once for all').toBeLessThan(1800)
    end()
    await until(async () => (await store.read(user).catch(() => null)) !== null)
    expect((await store.read(user))?.value).toBe('old')
    await store.write(user, 'newer', {})
    expect((await indexedDbStore().read(user))?.value).toBe('newer')
  })

  test('is opened anew by the next operation', async () => {
    const store = indexedDbStore()
    await store.write(user, secret, {})
    const { get } = FDBObjectStore.prototype
    let dead: IDBDatabase | undefined
    const spy = vi.spyOn(FDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      // This connection answers nothing any more.
      dead ??= this.transaction.db
      return this.transaction.db === dead ? ({} as never) : get.call(this, key)
    } as typeof get)
    onTestFinished(() => spy.mockRestore())
    expect(await codeOf(store.read(user))).toBe('timed_out')
    expect((await store.read(user))?.value).toBe(secret)
    await store.write(user, 'new', {})
    // It has been well since, so the next to open has all its time again.
    await promisifyRequest(indexedDB.deleteDatabase('msal-isomorphic'))
    setTimeout(opensLate(), 400)
    expect(await store.read(user)).toBeNull()
  })

  test('leaves no timer behind where it answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const store = indexedDbStore()
    await store.write(user, secret, {})
    expect((await store.read(user))?.value).toBe(secret)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('but a page that stood still is not taken for one', async () => {
    const store = indexedDbStore()
    await store.write(user, secret, {})
    const asked = vi.spyOn(FDBObjectStore.prototype, 'get')
    onTestFinished(() => asked.mockRestore())
    const found = store.read(user)
    while (!asked.mock.calls.length) await Promise.resolve()
    const later = performance.now() + 1100
    while (performance.now() < later);
    expect((await found)?.value).toBe(secret)
  })
})

describe('a full disk', () => {
  /** Puts nothing more once this many partitions are there. */
  function full(limit: number) {
    const { put } = FDBObjectStore.prototype
    const spy = vi.spyOn(FDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
      const request = put.apply(this, args)
      const count = this.count()
      count.onsuccess = () => {
        if (count.result <= limit) return
        Object.defineProperty(this.transaction, 'error', { value: new DOMException('full', 'QuotaExceededError') })
        this.transaction.abort()
      }
      return request
    } as typeof put)
    onTestFinished(() => spy.mockRestore())
  }

  test('S52 makes room by dropping what has expired', async () => {
    const store = indexedDbStore()
    await store.write('user:old', secret, { ttl: 1 })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await store.write(user, secret, {})
    expect((await contentOf()).size).toBe(3)
    full(3)
    await store.write('user:new', 'new', {})
    expect([...(await contentOf()).keys()]).toEqual([0, user, 'user:new'].sort())
  })

  test('S52 is told each time, leaves what is there, and is no longer so when there is room', async () => {
    const store = indexedDbStore()
    await store.write(user, secret, {})
    full(2)
    for (let round = 0; round < 2; round++) expect(await codeOf(store.write('user:new', 'new', {}))).toBe('environment_unsupported')
    expect((await store.read(user))?.value).toBe(secret)
    vi.restoreAllMocks()
    await store.write('user:new', 'new', {})
  })
})
