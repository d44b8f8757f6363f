import { del, entries, get, promisifyRequest, type UseStore, update } from 'idb-keyval'
import { type CacheStore, ClientConfigurationError, isAuthError } from '../core/index.ts'
import { announcer } from './announcer.ts'
import { type Connection, Database, readKey } from './indexed-db-connection.ts'
import { locked } from './web-lock.ts'

/** A partition as it is stored. */
interface Sealed {
  version: string
  /** Milliseconds since 1970. */
  expires: number
  iv: Uint8Array<ArrayBuffer>
  data: ArrayBuffer
}

const conflict = 'conflict'
const engines = /* @__PURE__ */ new WeakMap<object, CacheStore>()

/** What does the work of a store; made at its first use. */
export function engineOf(identity: { name: string }): CacheStore {
  const engine = engines.get(identity) ?? withFallback(identity.name)
  engines.set(identity, engine)
  return engine
}

/** Goes on in memory where the database cannot be had at all; that is told once, by the operation that found out. */
function withFallback(name: string): CacheStore {
  const database = new Database(name)
  const stored = databaseStore(database)
  const { watch, announce } = announcer(`msal-isomorphic ${name}`)
  let memory: CacheStore | undefined
  const run = async <T>(operation: (store: CacheStore) => Promise<T>): Promise<T> => {
    try {
      return await operation(memory ?? stored)
    } catch (cause) {
      if (isAuthError(cause)) throw cause
      if (memory) return operation(memory)
      if (!database.hasOpened) memory = memoryStore()
      const { name: reason = 'Error' } = (cause ?? {}) as { name?: string }
      const message = `IndexedDB ${memory ? 'cannot be used here' : 'has failed'} (${reason}).`
      throw new ClientConfigurationError('environment_unsupported', message, { cause })
    }
  }
  return {
    read: (partition) => run((store) => store.read(partition)),
    async write(partition, value, options) {
      const outcome = await run((store) => store.write(partition, value, options))
      if (outcome !== conflict) announce(partition)
      return outcome
    },
    async remove(partition) {
      await run((store) => store.remove(partition))
      announce(partition)
    },
    async *list() {
      yield* await run(async (store) => {
        const names: string[] = []
        for await (const each of store.list!()) names.push(each)
        return names
      })
    },
    lock: (partition, task, signal) => locked(`msal-isomorphic ${name} ${partition}`, task, signal),
    watch,
  }
}

function databaseStore(database: Database): CacheStore {
  /** What fails is tried once more: on a new connection, or with more room. */
  const attempt = async <T>(task: (connection: Connection) => Promise<T>): Promise<T> => {
    let connection: Connection | undefined
    try {
      connection = await database.connect()
      return await task(connection)
    } catch (error) {
      if (isAuthError(error)) throw error
      if (connection && (error as Error)?.name === 'QuotaExceededError') await sweep(connection.use, isOver)
      else connection?.close()
      return task(await database.connect())
    }
  }
  return {
    read: (partition) =>
      attempt(async (connection) => {
        const found = await get<Sealed>(partition, connection.use)
        if (!found || isOver(found)) return null
        let value = await unseal(connection.key, partition, found)
        if (value === undefined) {
          // Somebody may have emptied the database, and another tab have begun it anew.
          connection.key = await readKey(connection.use)
          value = await unseal(connection.key, partition, found)
        }
        if (value !== undefined) return { value, version: found.version }
        await sweep(connection.use, ({ version }, name) => name === partition && version === found.version)
        return null
      }),

    write: (partition, value, { version, ttl = Number.POSITIVE_INFINITY }) =>
      attempt(async ({ use, key }) => {
        const sealed = await seal(key, partition, value, Date.now() + ttl)
        try {
          // In one transaction, whose callback cannot wait for anything.
          const replace = (present: Sealed | undefined) => {
            const current = isOver(present) ? null : present!.version
            if (version !== undefined && version !== current) throw conflict
            return sealed
          }
          await update(partition, replace, use)
          return sealed.version
        } catch (error) {
          if (error === conflict) return conflict
          throw error
        }
      }),

    remove: (partition) => attempt(({ use }) => del(partition, use)),

    async *list() {
      const all = await attempt(({ use }) => entries<IDBValidKey, Sealed>(use))
      const names = all.flatMap(([name, sealed]) => (typeof name === 'string' && !isOver(sealed) ? name : []))
      // The key is the one that is no partition.
      if (names.length < all.length - 1) await attempt(({ use }) => sweep(use, isOver))
      yield* names
    },
  }
}

/** Also what is no partition. */
const isOver = (sealed: Sealed | null | undefined): boolean => !(sealed && sealed.expires > Date.now())

/** Removes partitions, in one transaction. */
function sweep(use: UseStore, isDoomed: (sealed: Sealed, name: string) => boolean): Promise<void> {
  return use('readwrite', (store) => {
    const request = store.openCursor()
    request.onsuccess = () => {
      const cursor = request.result
      if (typeof cursor?.key === 'string' && isDoomed(cursor.value, cursor.key)) cursor.delete()
      cursor?.continue()
    }
    return promisifyRequest(store.transaction)
  })
}

async function seal(key: CryptoKey, partition: string, value: string, expires: number): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const data = await crypto.subtle.encrypt(algorithm(iv, partition), key, new TextEncoder().encode(value))
  return { version: crypto.randomUUID(), expires, iv, data }
}

/** Undefined for what this key has not sealed for this partition. */
async function unseal(key: CryptoKey, partition: string, { iv, data }: Sealed): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await crypto.subtle.decrypt(algorithm(iv, partition), key, data))
  } catch {
    return undefined
  }
}

/** Bound to the partition's name, a value means nothing anywhere else. */
const algorithm = (iv: Uint8Array<ArrayBuffer>, partition: string): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(partition),
})

function memoryStore(): CacheStore {
  const content = new Map<string, { value: string; version: string }>()
  return {
    read: async (partition) => content.get(partition) ?? null,
    async write(partition, value, { version }) {
      if (version !== undefined && version !== (content.get(partition)?.version ?? null)) return conflict
      const next = { value, version: crypto.randomUUID() }
      content.set(partition, next)
      return next.version
    },
    async remove(partition) {
      content.delete(partition)
    },
    async *list() {
      yield* [...content.keys()]
    },
  }
}
