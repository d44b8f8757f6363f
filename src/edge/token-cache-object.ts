/** What {@link TokenCacheObject} uses of the state that the runtime gives to a Durable Object, a `DurableObjectState`. */
export interface TokenCacheObjectState {
  /** The object’s own storage. */
  storage: {
    get<T>(key: string): Promise<T | undefined>
    get<T>(keys: string[]): Promise<Map<string, T>>
    put<T>(entries: Record<string, T>): Promise<void>
    delete(keys: string[]): Promise<number>
    list<T>(options: { prefix: string; startAfter?: string; limit: number }): Promise<Map<string, T>>
    getAlarm(): Promise<number | null>
    setAlarm(time: number): Promise<void>
  }
}

/** What a {@link TokenCacheObject} is asked, as JSON. */
export type TokenCacheRequest = { partition: string } & (
  | { operation: 'read' | 'remove' }
  /** `version`: as in `CacheStoreWriteOptions`. `next`: the version that it gets; sent twice, it is written once. `ttl`: milliseconds. */
  | { operation: 'write'; value: string; next: string; version?: string | null; ttl?: number }
  /** `lease`: milliseconds. `renew`: only while the owner has it. */
  | { operation: 'lock'; owner: string; lease: number; renew: boolean }
  | { operation: 'unlock'; owner: string }
  | { operation: 'list'; after?: string }
)

/** One page of names; `after` asks for the next one. */
export interface TokenCachePage {
  partitions: string[]
  after?: string
}

interface Kept {
  version: string
  /** Names its parts. */
  id: string
  parts: number
  /** Milliseconds since 1970. */
  ends: number | null
}

interface Lock {
  owner: string
  until: number
}

/** An engine that keeps keys and values takes 128 KiB a value, in two bytes a character. */
const partLength = 60_000
const pageLength = 1000
/** A holder that has been frozen for longer is not expected to come back. */
const fenceLife = 24 * 3600_000
const leastPause = 60_000

/**
 * The Durable Object behind {@link durableObjectStore}: export it from the Worker and bind it. It keeps partitions in its storage, of either
 * kind (`new_sqlite_classes` is the usual one), and removes by an alarm those whose time is over.
 *
 * @example
 * ```ts
 * export { TokenCacheObject } from 'msal-isomorphic/edge'
 * // wrangler.toml
 * // [[durable_objects.bindings]]
 * // name = "TOKENS"
 * // class_name = "TokenCacheObject"
 * // [[migrations]]
 * // tag = "v1"
 * // new_sqlite_classes = ["TokenCacheObject"]
 * ```
 */
export class TokenCacheObject {
  readonly #storage: TokenCacheObjectState['storage']

  // No two requests come in between while the storage is waited for, so each operation is one step.
  constructor(state: TokenCacheObjectState, _env?: unknown) {
    this.#storage = state.storage
  }

  /** Answers {@link durableObjectStore}. */
  async fetch(request: Request): Promise<Response> {
    try {
      return Response.json((await this.#perform((await request.json()) as TokenCacheRequest)) ?? null)
    } catch {
      // What went wrong may quote a value.
      return new Response(null, { status: 500 })
    }
  }

  /** Removes what has ended. */
  async alarm(): Promise<void> {
    const now = Date.now()
    let next = Number.POSITIVE_INFINITY
    for await (const [key, record] of this.#all<Kept>('partition ')) {
      if (isOver(record)) await this.#storage.delete([key, ...partsOf(record)])
      else next = Math.min(next, record.ends ?? next)
    }
    for await (const [key, { until }] of this.#all<Lock>('lock ')) if (until + fenceLife < now) await this.#storage.delete([key])
    if (next < Number.POSITIVE_INFINITY) await this.#storage.setAlarm(Math.max(next, now + leastPause))
  }

  #perform(request: TokenCacheRequest): Promise<unknown> {
    // As JSON, because half a surrogate pair would not survive UTF-8.
    const name = JSON.stringify(request.partition)
    const [key, lockKey] = [`partition ${name}`, `lock ${name}`]
    switch (request.operation) {
      case 'read':
        return this.#read(key)
      case 'write':
        return this.#write(key, request)
      case 'remove':
        return this.#remove(key)
      case 'list':
        return this.#list(request.after)
      case 'lock':
        return this.#lock(key, lockKey, request)
      case 'unlock':
        return this.#unlock(lockKey, request.owner)
      default:
        throw new TypeError('There is no such operation.')
    }
  }

  async #read(key: string): Promise<{ value: string; version: string } | null> {
    const record = await this.#storage.get<Kept>(key)
    if (!record || isOver(record)) return null
    const names = partsOf(record)
    const parts = await this.#storage.get<string>(names)
    return { value: names.map((part) => parts.get(part)).join(''), version: record.version }
  }

  async #write(key: string, { value, next, version, ttl }: TokenCacheRequest & { operation: 'write' }): Promise<boolean> {
    const old = await this.#storage.get<Kept>(key)
    if (old && old.version === next) return true
    if (version !== undefined && version !== (old && !isOver(old) ? old.version : null)) return false
    const texts = value.match(new RegExp(`[\\s\\S]{1,${partLength}}`, 'g')) ?? []
    const ends = ttl === undefined || !(ttl < 1e14) ? null : Date.now() + ttl
    const record: Kept = { version: next, id: next, parts: texts.length, ends }
    const entries = Object.fromEntries(partsOf(record).map((part, index) => [part, texts[index]!]))
    // Sent together, they are stored together or not at all.
    const done = [this.#storage.put<Kept | string>({ [key]: record, ...entries })]
    if (old) done.push(this.#storage.delete(partsOf(old)).then(() => {}))
    await Promise.all(done)
    if (ends !== null) await this.#wake(ends)
    return true
  }

  async #remove(key: string): Promise<void> {
    const record = await this.#storage.get<Kept>(key)
    if (record) await this.#storage.delete([key, ...partsOf(record)])
  }

  async #list(startAfter: string | undefined): Promise<TokenCachePage> {
    const page = await this.#page<Kept>('partition ', startAfter)
    const partitions = page.flatMap(([key, record]) => (isOver(record) ? [] : [JSON.parse(key.slice('partition '.length)) as string]))
    return { partitions, ...(page.length === pageLength && { after: page.at(-1)![0] }) }
  }

  /**
   * Where a holder's lease has run out it may be frozen rather than dead, and go on later. So a takeover moves the partition's version:
   * whatever the old holder read is out of date, and its write comes to a conflict even before the new holder has written.
   */
  async #lock(key: string, lockKey: string, { owner, lease, renew }: TokenCacheRequest & { operation: 'lock' }): Promise<boolean> {
    const now = Date.now()
    const [held, record] = await Promise.all([this.#storage.get<Lock>(lockKey), this.#storage.get<Kept>(key)])
    const own = held?.owner === owner
    if (renew ? !own : held && !own && held.until > now) return false
    const lock: Lock = { owner, until: now + lease }
    const fenced = held && !own && record ? { [key]: { ...record, version: crypto.randomUUID() } } : {}
    await this.#storage.put<Kept | Lock>({ [lockKey]: lock, ...fenced })
    return true
  }

  async #unlock(lockKey: string, owner: string): Promise<void> {
    const held = await this.#storage.get<Lock>(lockKey)
    if (held?.owner === owner) await this.#storage.delete([lockKey])
  }

  /** Sees to it that the alarm comes when the first partition ends. */
  async #wake(ends: number): Promise<void> {
    const set = await this.#storage.getAlarm()
    if (set === null || set > ends) await this.#storage.setAlarm(Math.max(ends, Date.now() + leastPause))
  }

  async #page<T>(prefix: string, startAfter?: string): Promise<[string, T][]> {
    return [...(await this.#storage.list<T>({ prefix, limit: pageLength, ...(startAfter !== undefined && { startAfter }) }))]
  }

  async *#all<T>(prefix: string): AsyncGenerator<[string, T]> {
    let after: string | undefined
    do {
      const page: [string, T][] = await this.#page<T>(prefix, after)
      yield* page
      after = page.length === pageLength ? page.at(-1)![0] : undefined
    } while (after !== undefined)
  }
}

const isOver = ({ ends }: Kept) => ends !== null && ends <= Date.now()

const partsOf = ({ id, parts }: Kept) => Array.from({ length: parts }, (_, index) => `part ${id} ${index}`)
