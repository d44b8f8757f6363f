import { get, promisifyRequest, type UseStore, update } from 'idb-keyval'
import { NetworkError } from '../core/index.ts'

/** An open database and the key that its values are encrypted with. */
export interface Connection {
  readonly use: UseStore
  key: CryptoKey
  /** Gives it up; the next one to come opens another. */
  close(): void
}

const objectStore = 'partitions'
/** Where the key is. Names of partitions are strings, so this is none of them. */
const keySlot = 0
const patience = 1000
/** For one that has hung to open anew: whoever waits has waited long enough. */
const lessPatience = 100

/** Opens a database when it is needed, and again once that has been closed, deleted or upgraded by somebody. */
export class Database {
  /** Whether it has ever been open. */
  hasOpened = false
  readonly #name: string
  #opening: Promise<Connection> | undefined
  #overdue: Promise<never> | undefined
  #patience = patience

  constructor(name: string) {
    this.#name = name
  }

  /** Rejects where the database does not open in time. It is not given up: whoever comes when it is open at last gets it. */
  connect(): Promise<Connection> {
    if (!this.#opening) {
      const opening = this.#open(() => this.#forget(opening))
      opening.catch(() => this.#forget(opening))
      this.#opening = opening
      this.#overdue = overdue(opening, 'open', this.#patience)
      this.#overdue.catch(() => {})
    }
    return Promise.race([this.#opening, this.#overdue!])
  }

  #forget(opening: Promise<Connection>): void {
    if (this.#opening === opening) this.#opening = undefined
  }

  async #open(forget: () => void): Promise<Connection> {
    const database = await open(this.#name)
    const close = () => {
      forget()
      database.close()
    }
    // Not to stand in the way of whoever deletes or upgrades it.
    database.onversionchange = close
    const use: UseStore = async (mode, task) => {
      const transaction = database.transaction(objectStore, mode)
      const work = Promise.resolve(task(transaction.objectStore(objectStore)))
      const late = overdue(work, 'answer', patience)
      late.catch(() => {
        this.#patience = lessPatience
        close()
        // What is told to have failed must not be done later.
        try {
          transaction.abort()
        } catch {}
      })
      return await Promise.race([work, late])
    }
    const key = await readKey(use)
    this.hasOpened = true
    this.#patience = patience
    return { use, key, close }
  }
}

async function open(name: string, version?: number): Promise<IDBDatabase> {
  const request = indexedDB.open(name, version)
  request.onupgradeneeded = () => request.result.createObjectStore(objectStore)
  const database = await promisifyRequest(request)
  if (database.objectStoreNames.contains(objectStore)) return database
  // A database of this name that somebody else has made.
  database.close()
  return await open(name, database.version + 1)
}

/** Rejects where something has not ended in time; in two halves, for a page that stood still in one has the other for what has come. */
function overdue(work: Promise<unknown>, what: string, limit: number): Promise<never> {
  return new Promise((_, reject) => {
    const expire = () => reject(new NetworkError('timed_out', `IndexedDB did not ${what} within ${limit} ms.`))
    let timer = setTimeout(() => {
      timer = setTimeout(expire, limit / 2)
    }, limit / 2)
    const stop = () => clearTimeout(timer)
    work.then(stop, stop)
  })
}

/** The key that all tabs use, made where there is none. */
export async function readKey(use: UseStore): Promise<CryptoKey> {
  const isKey = (value: unknown) => value instanceof CryptoKey
  const known = await get<unknown>(keySlot, use)
  if (isKey(known)) return known as CryptoKey
  const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  // Another tab may have been faster.
  await update<unknown>(keySlot, (present) => (isKey(present) ? present : fresh), use)
  return (await get(keySlot, use))!
}
