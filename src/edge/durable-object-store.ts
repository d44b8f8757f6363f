import { ClientConfigurationError, isAuthError, NetworkError } from '../core/errors.ts'
import type { CacheStore } from '../core/ports.ts'
import { bounded } from './bounded.ts'
import type { TokenCachePage, TokenCacheRequest } from './token-cache-object.ts'

/** What {@link durableObjectStore} uses of a `DurableObjectStub`. */
export interface TokenCacheStub {
  /** Sends a request to the object. */
  fetch(url: string, init: { method: string; body: string }): Promise<Response>
}

type Ask = (request: TokenCacheRequest) => Promise<unknown>

/** Milliseconds. */
const timeout = 5000
/** How soon the lock of a holder that died is free. */
const lease = 3000
/** How long a task may have it. Less than `wait`: whoever waits for a task that never ends gets its turn. */
const hold = 8000
const wait = 10_000
const longestPause = 200

/**
 * Keeps a token cache in Durable Objects of Cloudflare Workers: consistent everywhere, with a comparing write and a lock. So it suits providers
 * that allow each refresh token once, which {@link kvStore} does not. The object's class is {@link TokenCacheObject}.
 *
 * Give a function: a stub serves only the request that it was made in, and a token cache is best kept for all of them. A function that
 * takes the partition's name spreads the partitions over many objects, each near the first who uses it; then there is no `list()`, and
 * `getAccounts` knows the accounts that the isolate has loaded. One that takes none gives one object for all of them, which can list;
 * one object does about 1 000 requests a second.
 *
 * Operations are bounded (5 s) and reject with a `NetworkError`: `unreachable`, `timed_out`, `server_unavailable` where the object failed,
 * `bad_response`. The lock is held for at most 8 s and waited for for at most 10 s; that of a Worker that died is free after 3 s.
 *
 * @param stub A stub, or a function that gives one for each operation.
 * @throws ClientConfigurationError `invalid_argument` for something else.
 *
 * @example
 * ```ts
 * export { TokenCacheObject } from 'msal-isomorphic/edge'
 *
 * const store = durableObjectStore((partition) => env.TOKENS.get(env.TOKENS.idFromName(partition)))
 * const app = new ConfidentialClientApplication({ clientId, clientCredential, tokenCache: new TokenCache({ store }) })
 * ```
 */
export function durableObjectStore(stub: TokenCacheStub | ((partition: string) => TokenCacheStub)): CacheStore {
  const isFunction = typeof stub === 'function'
  if (!isFunction && typeof stub?.fetch !== 'function')
    throw new ClientConfigurationError('invalid_argument', 'A stub of a Durable Object, or a function that gives one, is needed.')
  const ask: Ask = (request) => send(() => (isFunction ? stub(request.partition) : stub), JSON.stringify(request))

  const store: CacheStore = {
    async read(partition) {
      const found = (await ask({ operation: 'read', partition })) as { value?: unknown; version?: unknown } | null
      if (found === null) return null
      const { value, version } = found
      if (typeof value !== 'string' || typeof version !== 'string') throw garbage()
      return { value, version }
    },

    async write(partition, value, { version, ttl }) {
      const next = crypto.randomUUID()
      const options = { ...(version !== undefined && { version }), ...(ttl !== undefined && { ttl }) }
      return boolean(await ask({ operation: 'write', partition, value, next, ...options })) ? next : 'conflict'
    },

    async remove(partition) {
      await ask({ operation: 'remove', partition })
    },

    async lock(partition, task, signal) {
      const owner = crypto.randomUUID()
      await acquire(ask, partition, owner, signal)
      const stop = keepRenewing(ask, partition, owner)
      try {
        return await task()
      } finally {
        stop()
        // What cannot be released runs out by itself.
        await ask({ operation: 'unlock', partition, owner }).catch(() => {})
      }
    },
  }
  if (isFunction && stub.length) return store
  return {
    ...store,
    async *list() {
      let after: string | undefined
      do {
        const page = (await ask({ operation: 'list', partition: '', ...(after !== undefined && { after }) })) as TokenCachePage | null
        if (!Array.isArray(page?.partitions)) throw garbage()
        yield* page.partitions
        after = page.after
      } while (after !== undefined)
    },
  }
}

/** Nothing goes into the URL. What the runtime says of a failure is not passed on. An object that has just moved is asked once more. */
async function send(stub: () => TokenCacheStub, body: string): Promise<unknown> {
  for (let again = false; ; again = true) {
    try {
      return await bounded(timeout, async () => {
        const response = await stub().fetch('https://token-cache.invalid/', { method: 'POST', body })
        if (!response.ok) throw new NetworkError('server_unavailable', `The Durable Object answered ${response.status}.`)
        return await response.json().catch(() => Promise.reject(garbage()))
      })
    } catch (error) {
      if (isAuthError(error)) throw error
      const { retryable, overloaded } = (error ?? {}) as { retryable?: unknown; overloaded?: unknown }
      if (again || !retryable || overloaded) throw new NetworkError('unreachable', 'The Durable Object could not be asked.')
    }
  }
}

/** Asks until it gets the lock: a promise that another request keeps would never settle if that one is cancelled. */
async function acquire(ask: Ask, partition: string, owner: string, signal: AbortSignal | undefined): Promise<void> {
  const end = Date.now() + wait
  const begin = () => ask({ operation: 'lock', partition, owner, lease, renew: false }).then(boolean)
  for (let pause = 20; ; pause = Math.min(pause * 2, longestPause)) {
    let attempt: Promise<boolean> | undefined
    try {
      const sent = () => {
        attempt = begin()
        return attempt
      }
      if (await bounded(timeout, sent, signal)) return
    } catch (error) {
      // It may come late, to somebody who has left.
      attempt?.then((late) => late && ask({ operation: 'unlock', partition, owner })).catch(() => {})
      throw error
    }
    // Random, so that those who wait do not come all at once.
    const time = pause * (0.5 + Math.random() / 2)
    if (Date.now() + time > end) throw new NetworkError('timed_out', `The lock was not free within ${wait} ms.`)
    await bounded(timeout, () => new Promise<void>((resolve) => setTimeout(resolve, time)), signal)
  }
}

/** Renews the lease until it is stopped, lost, or as old as a task may be. */
function keepRenewing(ask: Ask, partition: string, owner: string): () => void {
  const end = Date.now() + hold
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  const schedule = () => {
    timer = setTimeout(async () => {
      const left = Math.min(lease, end - Date.now())
      // A renewal that fails is tried again: the lease outlives two of them.
      const held = left > 0 && (await ask({ operation: 'lock', partition, owner, lease: left, renew: true }).catch(() => true))
      if (held && !stopped) schedule()
    }, lease / 3)
  }
  schedule()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

function boolean(answer: unknown): boolean {
  if (typeof answer !== 'boolean') throw garbage()
  return answer
}

function garbage(): NetworkError {
  return new NetworkError('bad_response', 'The Durable Object answered something else than it was asked.')
}
