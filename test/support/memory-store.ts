import type { CacheStore } from '../../src/core/index.ts'

type Watcher = (partition: string) => void

/** The simplest store that does all that a store can do: what the others are compared with. */
export interface MemoryStore extends CacheStore {
  readonly content: Map<string, { value: string; version: string }>
  /** The same content as another process would open it. */
  elsewhere(): MemoryStore
}

export function memoryStore(): MemoryStore {
  const content = new Map<string, { value: string; version: string }>()
  const tails = new Map<string, Promise<unknown>>()
  const watchers = new Set<Watcher>()
  let writes = 0

  function open(): MemoryStore {
    const own = new Set<Watcher>()
    const tell = (partition: string) => {
      for (const watcher of watchers) if (!own.has(watcher)) watcher(partition)
    }
    return {
      content,
      elsewhere: open,
      read: async (partition) => content.get(partition) ?? null,
      async write(partition, value, { version }) {
        if (version !== undefined && version !== (content.get(partition)?.version ?? null)) return 'conflict'
        const next = { value, version: `${++writes}` }
        content.set(partition, next)
        tell(partition)
        return next.version
      },
      async remove(partition) {
        if (content.delete(partition)) tell(partition)
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
      watch(changed) {
        const watcher: Watcher = (partition) => changed(partition)
        own.add(watcher)
        watchers.add(watcher)
        return () => {
          own.delete(watcher)
          watchers.delete(watcher)
        }
      },
    }
  }
  return open()
}
