import type { CacheStore, Logger } from '../ports.ts'
import type { Bounds } from '../util/deadline.ts'
import { loaded } from '../util/loaded.ts'
import type { addEvent } from './add.ts'
import { realmKey } from './entities.ts'
import { Partition } from './partition.ts'

/** Whose entries a partition holds: a home account's, an application's own in one tenant, or those got with one user assertion. */
export type Owner = { user: string } | { app: string } | { assertion: string }

/** Names the partition of an application's own tokens. Neither a host nor a tenant segment nor a URL holds a space, so no two are alike. */
export const appId = (clientId: string, cloud: string, tenant: string): string => `${clientId} ${cloud} ${realmKey(tenant)}`

/** The second level, which memory is a copy of. */
export interface SecondLevel {
  store: CacheStore
  /** Milliseconds that a partition in memory is trusted for. */
  revalidateAfter: number
  maxPartitions: number
  onStoreError: ((error: unknown) => void) | undefined
  /** Told of each partition that memory has served; left here by the first read or write. */
  used?: (owner: Owner) => void
  /** Ends the watch that the first use of the store has begun; the next use begins another. */
  stopWatching?: () => void
  /** The same, once what could not be written before has been tried again. */
  close?: () => Promise<void>
}

/** All partitions in memory, and what belongs to none. */
export class Partitions {
  users = new Map<string, Partition>()
  /** A tenant's partition may be filed under its id and under domain names; the same object then. */
  apps = new Map<string, Partition>()
  assertions = new Map<string, Partition>()
  /** AppMetadata entries, which tell the families that clients belong to. */
  shared = new Partition()
  /** Called, synchronously, whenever what memory holds has changed, or what the store holds is known to have. */
  listeners = new Set<() => void>()
  level: SecondLevel | undefined
  /** How an event is added; left here by the first request, which has it at hand. */
  addEvent: typeof addEvent | undefined
  /** The log of the client that came last. */
  log: Logger | undefined

  get(owner: Owner): Partition | undefined {
    if ('user' in owner) return this.users.get(owner.user)
    return 'app' in owner ? this.apps.get(owner.app) : this.assertions.get(owner.assertion)
  }

  /** Reads a partition from the store where memory cannot be trusted; nothing to wait for where it can. Bounds are the caller's own. */
  current(owner: Owner, bounds?: Bounds): Promise<void> | undefined {
    const { level } = this
    if (!level) return undefined
    const age = Date.now() - (this.get(owner)?.readAt ?? 0)
    // Read in the future: the clock has been set back since.
    if (age >= 0 && age < level.revalidateAfter) return level.used?.(owner) as undefined
    return loaded(import('./store-level.ts')).then(({ reload }) => reload(this, level, owner, bounds))
  }

  changed(): void {
    for (const listener of this.listeners) listener()
  }
}
