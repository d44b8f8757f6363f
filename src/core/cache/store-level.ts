import { isRecord, parseRecord } from '../util/record.ts'
import { type CredentialType, type Entity, type Entry, seconds, text } from './entities.ts'
import { Partition } from './partition.ts'
import type { Owner, Partitions, SecondLevel } from './partitions.ts'
import { put } from './write.ts'

/** The life of a refresh token, as far as anybody knows (Microsoft Entra ID, tokens of other clients than pages in a browser). */
const refreshTokenLife = 90 * 24 * 3600_000
const leastLife = 60_000
const attempts = 10

/** Tells of a store that failed: nobody's call fails for it. */
export function report({ log }: Partitions, { onStoreError }: SecondLevel, error: unknown): void {
  log?.({ level: 'error', message: 'The store of the token cache failed.' })
  try {
    onStoreError?.(error)
  } catch {}
}

export const nameOf = (owner: Owner): string => Object.entries(owner)[0]!.join(':')

/** A read or a write of one partition that is under way. */
interface Work {
  name: string
  /** Whether somebody else has changed the partition since it began. */
  outdated: boolean
}

const works = /* @__PURE__ */ new WeakMap<SecondLevel, Set<Work>>()

function begin(memory: Partitions, level: SecondLevel, name: string) {
  const under = works.get(level) ?? new Set()
  works.set(level, under)
  watch(memory, level)
  const work = { name, outdated: false, end: () => void under.delete(work) }
  under.add(work)
  return work
}

/** Has the store tell, where it can, of what others change there: it is read again then, however fresh it is. */
function watch(memory: Partitions, level: SecondLevel): void {
  if (!level.store.watch || level.stopWatching) return
  const stopWatching = () => {
    delete level.stopWatching
    stop()
  }
  let stop = () => {}
  level.stopWatching = stopWatching
  try {
    stop = level.store.watch((name) => {
      const partition = memory.get(ownerOf(name))
      if (partition) partition.readAt = 0
      for (const work of works.get(level) ?? []) work.outdated ||= work.name === name
      memory.changed()
    })
  } catch (error) {
    report(memory, level, error)
  }
}

/** Whose partition a name names. */
function ownerOf(name: string): Owner {
  const [kind, ...id] = name.split(':')
  return { [kind!]: id.join(':') } as unknown as Owner
}

const reads = /* @__PURE__ */ new WeakMap<Partitions, Map<string, Promise<void>>>()

/** Reads a partition from the store, once for all who wait for it. A store that fails leaves memory as it is. */
export function reload(memory: Partitions, level: SecondLevel, owner: Owner): Promise<void> {
  const name = nameOf(owner)
  const under = reads.get(memory) ?? new Map<string, Promise<void>>()
  reads.set(memory, under)
  const read = under.get(name) ?? take(memory, level, owner, name).finally(() => under.delete(name))
  under.set(name, read)
  return read
}

async function take(memory: Partitions, level: SecondLevel, owner: Owner, name: string): Promise<void> {
  const work = begin(memory, level, name)
  try {
    const before = memory.get(owner)?.version
    const found = await level.store.read(name)
    const partition = memory.get(owner) ?? new Partition()
    // Written from here while the answer was on its way: what came is older.
    if (partition.version !== (before ?? null)) return
    partition.readAt = work.outdated ? 0 : Date.now()
    const content = found ? parseRecord(found.value) : {}
    if (!content) report(memory, level, new Error('A stored partition is not a JSON object.'))
    // Memory is ahead of the store where that failed: what has never reached it is no less true.
    const known = (found?.version ?? null) === partition.version
    fill(memory, known ? undefined : partition, content)
    partition.version = found?.version ?? null
    keep(memory, level, owner, partition)
    if (!known) memory.changed()
  } catch (error) {
    report(memory, level, error)
  } finally {
    work.end()
  }
}

/** Takes over what the store holds: of the clients in any case, of the partition where one is given. */
function fill(memory: Partitions, partition: Partition | undefined, content: Record<string, unknown> | undefined): void {
  partition?.remove(() => true)
  for (const [section, entries] of Object.entries(content ?? {})) {
    if (!isRecord(entries)) continue
    for (const [key, entity] of Object.entries(entries)) {
      if (!isRecord(entity)) continue
      const type = section as CredentialType
      if (type === 'AppMetadata') put(memory.shared, type, entity)
      else partition?.load({ type, key, entity })
    }
  }
}

/** Files a partition as the newest, and lets those go that were read and written longest ago: in use, one is read again every `revalidateAfter`. */
function keep(memory: Partitions, { maxPartitions }: SecondLevel, owner: Owner, partition: Partition): void {
  const [map, id] =
    'user' in owner ? [memory.users, owner.user] : 'app' in owner ? [memory.apps, owner.app] : [memory.assertions, owner.assertion]
  map.delete(id)
  map.set(id, partition)
  for (const oldest of map.keys()) {
    if (map.size <= maxPartitions) break
    map.delete(oldest)
  }
}

/** Changes a partition in memory and in the store. Where somebody else was faster, the change is made again on what they left. */
export async function change(memory: Partitions, level: SecondLevel, owner: Owner, alter: () => void): Promise<void> {
  const { store } = level
  const name = nameOf(owner)
  // It may have left memory meanwhile, which must not pass for an empty one.
  if (!memory.get(owner)) await take(memory, level, owner, name)
  const work = begin(memory, level, name)
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const before = memory.get(owner)?.entries.length
      alter()
      const partition = memory.get(owner)
      if (!partition?.entries.length) return before ? await store.remove(name) : undefined
      const version = await store.write(name, content(memory, partition), { version: partition.version, ttl: lifeOf(partition) })
      if (version !== 'conflict') {
        partition.version = version
        partition.readAt = work.outdated ? 0 : Date.now()
        return keep(memory, level, owner, partition)
      }
      await take(memory, level, owner, name)
    }
    report(memory, level, new Error('A partition was changed by others each time it was to be written.'))
  } catch (error) {
    report(memory, level, error)
  } finally {
    work.end()
  }
}

/** Runs a task while nobody else, in any process, renews the same partition, on what the store holds then. */
export async function exclusively<T>(memory: Partitions, level: SecondLevel, owner: Owner, task: () => Promise<T>): Promise<T> {
  const name = nameOf(owner)
  let begun: Promise<T> | undefined
  const run = () => {
    begun ??= take(memory, level, owner, name).then(task)
    return begun
  }
  try {
    return level.store.lock ? await level.store.lock(name, run) : await run()
  } catch (error) {
    // A lock that cannot be had must not keep a person from their token: the version still guards the store.
    if (!begun) report(memory, level, error)
    return run()
  }
}

/** All users that the store can tell of. */
export async function reloadUsers(memory: Partitions, level: SecondLevel): Promise<void> {
  watch(memory, level)
  try {
    for await (const name of level.store.list?.() ?? []) {
      if (name.startsWith('user:')) await memory.current({ user: name.slice('user:'.length) })
    }
    // Who has signed out elsewhere is no longer listed.
    for (const user of [...memory.users.keys()]) await memory.current({ user })
  } catch (error) {
    report(memory, level, error)
  }
}

/** The partition in the unified schema, with what is known of the clients in it. */
function content({ shared }: Partitions, { entries }: Partition): string {
  const sections: Record<string, Record<string, Entity>> = {}
  const clients = new Set(entries.map(({ entity }) => text(entity, 'client_id')))
  const known = shared.entries.filter(({ entity }) => clients.has(text(entity, 'client_id')))
  for (const { type, key, entity } of [...entries, ...known]) {
    sections[type] ??= Object.create(null) as Record<string, Entity>
    const section = sections[type]
    let name = key
    while (name in section) name += '+'
    section[name] = entity
  }
  return JSON.stringify(sections)
}

function lifeOf({ entries }: Partition): number {
  if (entries.some(({ type }) => type === 'RefreshToken')) return refreshTokenLife
  const ends = entries.map(({ entity }: Entry) => seconds(entity, 'expires_on') ?? 0)
  return Math.max(leastLife, Math.max(...ends) * 1000 - Date.now())
}
