import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb'
import { promisifyRequest } from 'idb-keyval'
import { onTestFinished, vi } from 'vitest'

/** Gives this process an empty IndexedDB, for the duration of a test or longer. */
export function emptyIndexedDb(): IDBFactory {
  const factory = new IDBFactory()
  vi.stubGlobal('indexedDB', factory)
  return factory
}

/** All that a database holds, as somebody sees it who opens it without the library. */
export async function contentOf(name = 'msal-isomorphic'): Promise<Map<IDBValidKey, unknown>> {
  return await within(name, 'readonly', async (store) => {
    const [keys, values] = [promisifyRequest(store.getAllKeys()), promisifyRequest(store.getAll())]
    const all = await values
    return new Map((await keys).map((key, index) => [key, all[index]]))
  })
}

/** Changes what a database holds, behind the library's back. */
export async function within<T>(name: string, mode: IDBTransactionMode, task: (store: IDBObjectStore) => T | Promise<T>): Promise<T> {
  const database = await promisifyRequest(indexedDB.open(name))
  try {
    const transaction = database.transaction('partitions', mode)
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
    const result = await task(transaction.objectStore('partitions'))
    await done
    return result
  } finally {
    database.close()
  }
}

/** Resolves once a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error('The condition never came true.')
    },
    { timeout: 10_000, interval: 5 },
  )
}

/** The databases that are open now, so that a test can close them as a browser does. */
export function openDatabases(): { closeAll(): void } {
  const opened = new Set<IDBDatabase>()
  const { open } = IDBFactory.prototype
  const spy = vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (this: IDBFactory, ...args) {
    const request = open.apply(this, args)
    request.addEventListener('success', () => opened.add(request.result as never))
    return request
  })
  onTestFinished(() => spy.mockRestore())
  return {
    closeAll() {
      for (const database of opened) forceCloseDatabase(database as never)
      opened.clear()
    },
  }
}
