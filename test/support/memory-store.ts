import type { CacheStore } from '../../src/core/index.ts'

/** The simplest store that does all that a store can do: what the others are compared with. */
export function memoryStore(): CacheStore & { readonly content: Map<string, { value: string; version: string }> } {
  const content = new Map<string, { value: string; version: string }>()
  const tails = new Map<string, Promise<unknown>>()
  let writes = 0
  return {
    content,
    read: async (partition) => content.get(partition) ?? null,
    async write(partition, value, { version }) {
      if (version !== undefined && version !== (content.get(partition)?.version ?? null)) return 'conflict'
      const next = { value, version: `${++writes}` }
      content.set(partition, next)
      return next.version
    },
    async remove(partition) {
      content.delete(partition)
    },
    async *list() {
      yield* [...content.keys()]
    },
    lock(partition, task, signal) {
      const before = tails.get(partition) ?? Promise.resolve()
      const aborted = new Promise<never>((_, reject) => {
        const abort = () => reject(signal?.reason)
        if (signal?.aborted) abort()
        signal?.addEventListener('abort', abort)
      })
      aborted.catch(() => {})
      const turn = Promise.race([before, aborted]).then(task)
      tails.set(partition, Promise.allSettled([before, turn]))
      return turn
    },
  }
}
