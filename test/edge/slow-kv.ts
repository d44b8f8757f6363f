import type { KvNamespace } from '../../src/edge/index.ts'

interface Version {
  /** Null: deleted. */
  value: string | null
  metadata?: unknown
  at: number
  region: string
}

/** What a region was asked. */
export interface KvCall {
  region: string
  operation: 'get' | 'put' | 'delete' | 'list'
  key: string
  options?: { expirationTtl?: number }
}

/**
 * A key-value service as Cloudflare describes its own: a write is seen where it was made at once (or after `ownDelay`), anywhere else after
 * `delay`; in the end the last one counts; one write per second for each key; a life of at least 60 s.
 */
export class SlowKv {
  readonly calls: KvCall[] = []
  delay = 60_000
  ownDelay = 0
  /** How long a put takes. */
  putTime = 0
  /** Makes operations fail, or hang. */
  fault: ((call: KvCall) => Promise<void> | undefined) | undefined
  readonly #versions = new Map<string, Version[]>()

  /** The binding of an isolate in a region. */
  at(region: string): KvNamespace {
    const begin = async (operation: KvCall['operation'], key: string, options?: KvCall['options']) => {
      const call = { region, operation, key, ...(options && { options }) }
      this.calls.push(call)
      await this.fault?.(call)
    }
    return {
      get: async (key) => {
        await begin('get', key)
        return this.#shown(region, key)?.value ?? null
      },
      put: async (key, value, options = {}) => {
        await begin('put', key, options)
        if ((options.expirationTtl ?? 60) < 60)
          throw new Error('KV PUT failed: 400 Invalid expiration_ttl. Expiration TTL must be at least 60.')
        this.#write(region, key, { value, metadata: options.metadata })
        if (this.putTime) await new Promise((resolve) => setTimeout(resolve, this.putTime))
      },
      delete: async (key) => {
        await begin('delete', key)
        this.#write(region, key, { value: null })
      },
      list: async ({ prefix, cursor = '' }) => {
        await begin('list', prefix)
        const all = [...this.#versions.keys()].filter((key) => key.startsWith(prefix) && key > cursor).sort()
        const names = all.slice(0, 2)
        const keys = names.flatMap((name) => {
          const shown = this.#shown(region, name)
          return shown?.value == null ? [] : [{ name, metadata: shown.metadata }]
        })
        return all.length > 2 ? { keys, list_complete: false, cursor: names.at(-1)! } : { keys, list_complete: true }
      },
    }
  }

  /** What is seen everywhere in the end. */
  final(key: string): string | null | undefined {
    return this.#versions.get(key)?.at(-1)?.value
  }

  keys(): string[] {
    return [...this.#versions.keys()]
  }

  count(operation: KvCall['operation'], region?: string): number {
    return this.calls.filter((call) => call.operation === operation && (region === undefined || call.region === region)).length
  }

  #shown(region: string, key: string): Version | undefined {
    const now = Date.now()
    return this.#versions
      .get(key)
      ?.filter((version) => version.at + (version.region === region ? this.ownDelay : this.delay) <= now)
      .at(-1)
  }

  #write(region: string, key: string, version: { value: string | null; metadata?: unknown }): void {
    const versions = this.#versions.get(key) ?? []
    const at = Date.now()
    if (at - (versions.at(-1)?.at ?? 0) < 1000) throw new Error(`KV PUT failed: 429 Too Many Requests for ${key}`)
    this.#versions.set(key, [...versions, { ...version, at, region }])
  }
}
