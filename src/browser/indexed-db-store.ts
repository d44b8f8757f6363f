import type { CacheStore } from '../core/index.ts'
import { checkOptions } from '../core/util/check-options.ts'
import { loaded } from '../core/util/loaded.ts'

/** Options of {@link indexedDbStore}. */
export interface IndexedDbStoreOptions {
  /** Of the database; default `msal-isomorphic`. Stores of different names share nothing. */
  name?: string | undefined
}

/**
 * Keeps a token cache in IndexedDB, for all tabs and workers of an origin: encrypted with AES-256-GCM under a key that no script can
 * export, one renewal at a time over all tabs (Web Locks), and what one tab changes the others hear of (BroadcastChannel). Partitions are
 * dropped when their longest-lived token ends. The encryption keeps tokens out of copies of the profile and out of sight of whoever looks
 * at the storage; it does not stop a script that runs in the page.
 *
 * Where IndexedDB is missing or refused (some private windows, a sandboxed frame), the first operation rejects with
 * `ClientConfigurationError` `environment_unsupported`, which a token cache passes to its `onStoreError`; from then on the store keeps
 * everything in memory for as long as the page lives. Later refusals, such as a full disk, reject with the same code one by one, and
 * nothing is lost that was stored before; a database that does not open within a second rejects with `NetworkError` `timed_out` until it
 * does, and so does an operation that it does not answer within a second, after which it is opened anew. One that is deleted or upgraded by somebody is opened again, and a value that cannot be decrypted counts as absent.
 *
 * A lock is waited for for at most 10 s (`NetworkError` `timed_out`), or until the signal aborts (`aborted`). Where there are no Web Locks,
 * the store has no `lock`.
 *
 * @example
 * ```ts
 * const tokenCache = new TokenCache({ store: indexedDbStore() })
 * const app = new PublicClientApplication({ clientId, tokenCache })
 * ```
 */
export function indexedDbStore(options: IndexedDbStoreOptions = {}): CacheStore {
  checkOptions(options, /name (?!string)/)
  const { name = 'msal-isomorphic' } = options
  const identity = { name }
  const engine = async () => (await loaded(import('./indexed-db.ts'))).engineOf(identity)
  const store: CacheStore = {
    read: async (partition) => (await engine()).read(partition),
    write: async (partition, value, options) => (await engine()).write(partition, value, options),
    remove: async (partition) => (await engine()).remove(partition),
    async *list() {
      yield* (await engine()).list!()
    },
    watch(changed) {
      let stop: (() => void) | undefined
      let stopped = false
      engine().then(
        ({ watch }) => {
          if (!stopped) stop = watch!(changed)
        },
        () => {},
      )
      return () => {
        stopped = true
        stop?.()
      }
    },
  }
  if (globalThis.navigator?.locks) store.lock = async (partition, task, signal) => (await engine()).lock!(partition, task, signal)
  return store
}
