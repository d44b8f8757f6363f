import type { CacheStore } from '../core/ports.ts'
import { checkOptions } from '../core/util/check-options.ts'
import { ask, checkNamespace, checkPrefix, type KvNamespace, keyOf, nameIn } from './kv-namespace.ts'
import { KvWrites, type Stored } from './kv-writes.ts'

/** Options of {@link kvStore}. */
export interface KvStoreOptions {
  /** What the name of every key begins with; default `msal-isomorphic:`. Stores with different prefixes share nothing. */
  prefix?: string | undefined
}

const readTimeout = 5000

/** One per namespace and isolate: clients are often made anew for each request. */
const memories = /* @__PURE__ */ new WeakMap<KvNamespace, KvWrites>()

/**
 * Keeps a token cache in Cloudflare Workers KV: one key per partition, dropped when its longest-lived token ends (not within a minute).
 * The values are secrets to all who may read the namespace; `encrypted()` hides them.
 *
 * **KV is not consistent.** What one location writes, another sees up to a minute later, or more; until then it reads the old value.
 * There is no comparing write and no lock. So:
 *
 * - Application tokens and users' access tokens are served wherever they are seen; where they are not, another one is asked for.
 * - Two locations may redeem the same refresh token. Microsoft Entra ID allows that. **For a provider that allows each refresh token once,
 *   use {@link durableObjectStore} or Redis.**
 * - Of two changes to one partition within that minute the last stays and the other is lost; a `conflict` is noticed where the location sees
 *   the other one. A refresh token that the provider refuses here is never removed from KV, for another location may have renewed it.
 * - A sign-out is seen elsewhere up to a minute later, and a location that renews a token meanwhile brings the account back. What is removed
 *   leaves an entry without a value for an hour, so that no older one passes for newer.
 *
 * Within one isolate what was written is read for a minute, even where KV still shows the old value, and writes compare versions.
 * KV takes one write per second for each key: a write that it refuses (429) is repeated after a second, twice at most, together with all that
 * the isolate has written in the meantime. Operations are bounded (5 s) and reject with a `NetworkError`: `unreachable` or `timed_out`.
 * (Cloudflare Workers KV, "How KV works" and "Limits".)
 *
 * @throws ClientConfigurationError `invalid_argument` for a namespace that is none, or a prefix of more than 448 bytes.
 *
 * @example
 * ```ts
 * const tokenCache = new TokenCache({ store: kvStore(env.KV) })
 * const app = new ConfidentialClientApplication({ clientId, clientCredential, tokenCache, httpCache: kvHttpCache(env.KV) })
 * ```
 */
export function kvStore(namespace: KvNamespace, options: KvStoreOptions = {}): CacheStore {
  checkOptions(options)
  const { prefix = 'msal-isomorphic:' } = options
  checkNamespace(namespace)
  checkPrefix(prefix)
  const writes = memories.get(namespace) ?? new KvWrites(namespace)
  memories.set(namespace, writes)
  const get = async (key: string, partition: string) => parse(await ask(() => namespace.get(key), readTimeout), partition)

  return {
    async read(partition) {
      const key = await keyOf(prefix, partition)
      const found = writes.newest(key, await get(key, partition))
      return found?.value === undefined ? null : { value: found.value, version: found.version }
    },

    async write(partition, value, { version, ttl }) {
      const key = await keyOf(prefix, partition)
      const stored = version === undefined ? undefined : await get(key, partition)
      // From here to `write` nothing is waited for: what another call in this isolate writes is seen.
      const found = writes.newest(key, stored)
      if (version !== undefined && version !== (found?.value === undefined ? null : found.version)) return 'conflict'
      return await writes.write(key, partition, value, found?.version, ttl)
    },

    async remove(partition) {
      const key = await keyOf(prefix, partition)
      await writes.write(key, partition, undefined, writes.newest(key, undefined)?.version)
    },

    async *list() {
      const begin = `${prefix}{`
      const own = writes.partitions((key) => nameIn(prefix, key) !== undefined)
      let cursor: string | undefined
      do {
        const page = await ask(() => namespace.list({ prefix: begin, ...(cursor !== undefined && { cursor }) }), readTimeout)
        for (const { name: key, metadata } of page.keys) {
          const name = nameIn(prefix, key)
          if (name === undefined || own.has(key) || (metadata as { removed?: boolean } | null)?.removed) continue
          const partition = name === '#' ? partitionOf(await ask(() => namespace.get(key), readTimeout)) : name
          if (partition !== undefined) yield partition
        }
        cursor = page.list_complete ? undefined : page.cursor
      } while (cursor)
      for (const partition of own.values()) if (partition !== undefined) yield partition
    },
  }
}

const format = /^(\w{9}-[\w-]{36})\n([^\n]*)(?:\n([\s\S]*))?$/

/** Undefined for what is absent, or nothing of ours. */
function parse(text: string | null, partition: string): Stored | undefined {
  const [, version, name, value] = format.exec(text ?? '') ?? []
  return version !== undefined && name === JSON.stringify(partition) ? { version, value } : undefined
}

function partitionOf(text: string | null): string | undefined {
  const [, , name, value] = format.exec(text ?? '') ?? []
  return value === undefined ? undefined : (JSON.parse(name!) as string)
}
