/**
 * A namespace like those of Workers KV, in the memory of this process: for runtimes that have none. It forgets all with the process.
 *
 * @returns {import('msal-isomorphic/edge').KvNamespace & { size: number }}
 */
export function memoryKv() {
  /** @type {Map<string, { value: string, metadata: unknown, until: number }>} */
  const entries = new Map()
  /** @param {string} key */
  const find = (key) => {
    const entry = entries.get(key)
    if (entry && entry.until <= Date.now()) entries.delete(key)
    return entries.get(key)
  }
  return {
    get size() {
      return entries.size
    },
    async get(key) {
      return find(key)?.value ?? null
    },
    async put(key, value, { expirationTtl = Number.POSITIVE_INFINITY, metadata } = {}) {
      entries.set(key, { value, metadata, until: Date.now() + expirationTtl * 1000 })
    },
    async delete(key) {
      entries.delete(key)
    },
    async list({ prefix }) {
      const names = [...entries.keys()].filter((name) => name.startsWith(prefix) && find(name))
      return { keys: names.map((name) => ({ name, metadata: find(name)?.metadata })), list_complete: true }
    },
  }
}
