import type { CacheStore } from '../../../src/core/index.ts'

/** Counts what is asked of a store. */
export function counted(store: CacheStore) {
  const calls = { read: 0, write: 0, remove: 0, lock: 0, conflict: 0 }
  const counting: CacheStore = {
    read(partition) {
      calls.read++
      return store.read(partition)
    },
    async write(partition, value, options) {
      calls.write++
      const outcome = await store.write(partition, value, options)
      if (outcome === 'conflict') calls.conflict++
      return outcome
    },
    remove(partition) {
      calls.remove++
      return store.remove(partition)
    },
    list: () => store.list!(),
    lock(partition, task, signal) {
      calls.lock++
      return store.lock!(partition, task, signal)
    },
  }
  const reset = () => Object.assign(calls, { read: 0, write: 0, remove: 0, lock: 0, conflict: 0 })
  return { store: counting, calls, reset }
}
