import type { Authority } from '../authority/authority.ts'
import { cloudOf } from '../authority/clouds.ts'
import type { Bounds } from '../util/deadline.ts'
import { loaded } from '../util/loaded.ts'
import { type CredentialType, type Entity, text } from './entities.ts'
import type { Partition } from './partition.ts'
import type { Partitions } from './partitions.ts'

/** A partition's entities of one kind in one cloud. */
export function entitiesIn(partition: Partition | undefined, type: CredentialType, cloud: string): Entity[] {
  const entities: Entity[] = []
  for (const entry of partition?.entries ?? []) {
    if (entry.type === type && cloudOf(text(entry.entity, 'environment')) === cloud) entities.push(entry.entity)
  }
  return entities
}

/**
 * Those that the clients of an authority may see. A generic provider numbers its people anew in each of its realms, so that two of them
 * may share a partition; what names no authority, as other MSALs write it, is anybody's.
 */
export function visibleIn(partition: Partition | undefined, type: CredentialType, { cloud, kind, tenant }: Authority): Entity[] {
  return entitiesIn(partition, type, cloud).filter((entity) => {
    // A refresh token is of no realm; and what a tenant's entries name is where they were asked for, which is nobody's issuer.
    const issuer = ((kind === 'oidc' || type === 'RefreshToken') && text(entity, 'authority')) || text(entity, 'realm')
    return !issuer.includes('/') || issuer === tenant
  })
}

/** The family that a client is known to belong to; null where the client has not been seen in this cloud. */
export function familyOf({ shared }: Partitions, clientId: string, cloud: string): string | null {
  const entity = entitiesIn(shared, 'AppMetadata', cloud).find((candidate) => candidate.client_id === clientId)
  return entity ? text(entity, 'family_id') : null
}

/** The partitions of all users that are known here, and that the store can tell of: read, where memory cannot be trusted, within a caller's bounds. */
export async function currentUsers(memory: Partitions, bounds?: Bounds): Promise<ReadonlyMap<string, Partition>> {
  const { level } = memory
  if (!level?.store.list) return memory.users
  return loaded(import('./store-level.ts')).then(({ reloadUsers }) => reloadUsers(memory, level, bounds))
}
