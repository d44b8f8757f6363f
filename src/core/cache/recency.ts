import type { Partition } from './partition.ts'
import type { Owner, Partitions, SecondLevel } from './partitions.ts'

let uses = 0

/** Files a partition as the one that was used last. */
export function use(memory: Partitions, owner: Owner, partition: Partition): void {
  const [map, id] =
    'user' in owner ? [memory.users, owner.user] : 'app' in owner ? [memory.apps, owner.app] : [memory.assertions, owner.assertion]
  // The last one again, which costs nothing however many there are.
  if (partition.lastUse === uses && map.get(id) === partition) return
  map.delete(id)
  map.set(id, partition)
  partition.lastUse = ++uses
}

/** The same for one that has come from the store or gone there, and lets those go that were used longest ago: the store has them. */
export function keep(memory: Partitions, { maxPartitions }: SecondLevel, owner: Owner, partition: Partition): void {
  use(memory, owner, partition)
  const maps = [memory.users, memory.apps, memory.assertions]
  for (let surplus = maps.reduce((sum, { size }) => sum + size, -maxPartitions); surplus > 0; surplus--) {
    // Each map begins with its own oldest.
    const oldest = maps.flatMap((map) => {
      const [first] = map
      return first ? [{ map, id: first[0], lastUse: first[1].lastUse ?? 0 }] : []
    })
    const { map, id } = oldest.reduce((one, other) => (other.lastUse < one.lastUse ? other : one))
    map.delete(id)
  }
}
