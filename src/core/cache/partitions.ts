import { tenantOf } from '../authority/authority.ts'
import { cloudOf } from '../authority/clouds.ts'
import { type Entity, type Entry, text } from './entities.ts'
import { Partition } from './partition.ts'

/** Whose entries a partition holds: a home account's, an application's own in one tenant, or those got with one user assertion. */
export type Owner = { user: string } | { app: string } | { assertion: string }

/** Names the partition of an application's own tokens. Neither a host nor a tenant segment holds a space, so no two are alike. */
export const appId = (clientId: string, cloud: string, tenant: string): string => `${clientId} ${cloud} ${tenant.toLowerCase()}`

/** All partitions in memory, and what belongs to none. */
export class Partitions {
  users = new Map<string, Partition>()
  /** A tenant's partition may be filed under its id and under domain names; the same object then. */
  apps = new Map<string, Partition>()
  assertions = new Map<string, Partition>()
  /** AppMetadata entries, which tell the families that clients belong to. */
  shared = new Partition()
  onChange: () => void = () => {}
  readonly #turns = new Map<string, Promise<unknown>>()

  get(owner: Owner): Partition | undefined {
    if ('user' in owner) return this.users.get(owner.user)
    return 'app' in owner ? this.apps.get(owner.app) : this.assertions.get(owner.assertion)
  }

  ensure(owner: { user: string } | { assertion: string }): Partition {
    const [map, id] = 'user' in owner ? [this.users, owner.user] : [this.assertions, owner.assertion]
    const partition = map.get(id) ?? new Partition()
    map.set(id, partition)
    return partition
  }

  /** Where an entry of an application's own belongs: under its realm, and under the tenant that was asked. */
  ensureApp(entity: Entity): Partition {
    const cloud = cloudOf(text(entity, 'environment'))
    const authority = text(entity, 'authority')
    const ids = [text(entity, 'realm'), authority && URL.canParse(authority) ? tenantOf(authority) : text(entity, 'realm')].map((tenant) =>
      appId(text(entity, 'client_id'), cloud, tenant),
    )
    const [known, ...others] = new Set(ids.flatMap((id) => this.apps.get(id) ?? []))
    const partition = known ?? new Partition()
    for (const entry of others.flatMap((other) => other.entries)) partition.load(entry)
    for (const id of ids) this.apps.set(id, partition)
    return partition
  }

  /** Files an entry as it was read. */
  load(entry: Entry): void {
    const { type, entity } = entry
    const owner = text(entity, 'home_account_id')
    const assertion = text(entity, 'user_assertion_hash') || text(entity, 'userAssertionHash')
    if (type === 'AppMetadata') this.shared.load(entry)
    else if (assertion) this.ensure({ assertion }).load(entry)
    else if (owner) this.ensure({ user: owner }).load(entry)
    else this.ensureApp(entity).load(entry)
  }

  /** Drops a partition once it is empty, and tells of a change. */
  settle(owner?: { user: string }): void {
    if (owner && !this.users.get(owner.user)?.entries.length) this.users.delete(owner.user)
    this.onChange()
  }

  /** Runs tasks of one account one after another. */
  exclusive<T>(user: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(user) ?? Promise.resolve()).then(task)
    const end = turn
      .catch(() => {})
      .then(() => {
        if (this.#turns.get(user) === end) this.#turns.delete(user)
      })
    this.#turns.set(user, end)
    return turn
  }

  clear(): void {
    for (const map of [this.users, this.apps, this.assertions]) map.clear()
    this.shared = new Partition()
  }

  *entries(): IterableIterator<Entry> {
    for (const partitions of [[this.shared], this.users.values(), new Set(this.apps.values()), this.assertions.values()]) {
      for (const partition of partitions) yield* partition.entries
    }
  }

  /** The family that a client is known to belong to; null where the client has not been seen in this cloud. */
  familyOf(clientId: string, cloud: string): string | null {
    const entity = this.shared.list('AppMetadata', cloud).find((candidate) => candidate.client_id === clientId)
    return entity ? text(entity, 'family_id') : null
  }
}
