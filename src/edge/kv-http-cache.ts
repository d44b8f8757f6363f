import type { HttpCache } from '../core/ports.ts'
import { parseRecord } from '../core/util/record.ts'
import { ask, checkNamespace, type KvNamespace, keyOf, leastLife } from './kv-namespace.ts'

const prefix = 'msal-isomorphic-http:'
const timeout = 2000
const capacity = 256

/** One per namespace and isolate. */
const memories = /* @__PURE__ */ new WeakMap<KvNamespace, Map<string, string>>()

/**
 * Keeps discovery documents in Cloudflare Workers KV for a day, so that an isolate that starts need not ask the provider for them. They hold
 * nothing secret, and an isolate that has one does not ask KV again. Refusals, which hold for a minute at most, stay in the isolate's memory:
 * KV would show them too late.
 *
 * Where KV fails or takes longer than 2 s, the client goes on without it.
 *
 * @throws ClientConfigurationError `invalid_argument` for a namespace that is none.
 *
 * @example
 * ```ts
 * const app = new ConfidentialClientApplication({ clientId, clientCredential, httpCache: kvHttpCache(env.KV) })
 * ```
 */
export function kvHttpCache(namespace: KvNamespace): HttpCache {
  checkNamespace(namespace)
  const near = memories.get(namespace) ?? new Map<string, string>()
  memories.set(namespace, near)

  return {
    get(key) {
      const known = near.get(key)
      if (known !== undefined && lifeOf(known) > 0) return known
      return isRefusal(key) ? undefined : far(key)
    },

    async set(key, value) {
      keep(near, key, value)
      const life = Math.ceil(lifeOf(value) / 1000)
      if (isRefusal(key) || !(life > leastLife)) return
      const name = await keyOf(prefix, key)
      await ask(() => namespace.put(name, value, { expirationTtl: life }), timeout)
    },

    async delete(key) {
      near.delete(key)
      const name = await keyOf(prefix, key)
      if (!isRefusal(key)) await ask(() => namespace.delete(name), timeout)
    },
  }

  async function far(key: string): Promise<string | undefined> {
    const name = await keyOf(prefix, key)
    const found = await ask(() => namespace.get(name), timeout)
    // What has ended KV drops by itself.
    if (found === null || !(lifeOf(found) > 0)) return undefined
    keep(near, key, found)
    return found
  }
}

/** Those that were kept longest ago make room. */
function keep(near: Map<string, string>, key: string, value: string): void {
  near.delete(key)
  near.set(key, value)
  for (const oldest of near.keys()) {
    if (near.size <= capacity) return
    near.delete(oldest)
  }
}

/** Refusals are the only answers to a POST that are kept. */
const isRefusal = (key: string) => key.startsWith('POST ')

/** Milliseconds that an entry has left. */
const lifeOf = (value: string) => Number(parseRecord(value)?.expiresAt) - Date.now()
