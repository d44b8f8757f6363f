import { tenantOf } from '../authority/authority.ts'
import { cloudOf } from '../authority/clouds.ts'
import { authoritiesOf, type Entity, type Entry, text } from './entities.ts'
import { Partition } from './partition.ts'
import { appId, type Partitions } from './partitions.ts'

/** The partition that an entry belongs to, made where it is missing. */
export function partitionFor(memory: Partitions, { type, entity }: Omit<Entry, 'key'>): Partition {
  const user = text(entity, 'home_account_id')
  const assertion = assertionOf(entity)
  if (type === 'AppMetadata') return memory.shared
  if (!assertion && !user) return appPartition(memory, entity)
  const [map, id] = assertion ? [memory.assertions, assertion] : [memory.users, user]
  const partition = map.get(id) ?? new Partition()
  map.set(id, partition)
  return partition
}

/** The user assertion that an entry was got with, as this library and MSAL Node name it. */
export const assertionOf = (entity: Entity): string => text(entity, 'user_assertion_hash') || text(entity, 'userAssertionHash')

/** An application's own entry is found under its realm and under the tenant that was asked. */
function appPartition({ apps }: Partitions, entity: Entity): Partition {
  const cloud = cloudOf(text(entity, 'environment'))
  const realm = text(entity, 'realm')
  const asked = authoritiesOf(entity).flatMap((url) => (URL.canParse(url) ? tenantOf(url) : []))
  const ids = [realm, ...asked].map((tenant) => appId(text(entity, 'client_id'), cloud, tenant))
  const [known, ...others] = new Set(ids.flatMap((id) => apps.get(id) ?? []))
  const partition = known ?? new Partition()
  for (const other of others) {
    for (const entry of other.entries) partition.load(entry)
    for (const [id, filed] of apps) if (filed === other) apps.set(id, partition)
  }
  for (const id of ids) apps.set(id, partition)
  return partition
}

/** Drops a user's partition once it is empty, and tells of a change. */
export function settle(memory: Partitions, user?: string): void {
  if (user !== undefined && !memory.users.get(user)?.entries.length) memory.users.delete(user)
  memory.changed()
}
