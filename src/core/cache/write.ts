import { cloudOf } from '../authority/clouds.ts'
import { scopeKey } from '../oauth/scopes.ts'
import { authoritiesOf, bindingOf, type CredentialType, type Entity, type Entry, realmOf, seconds, targetOf, text } from './entities.ts'
import { partitionFor, settle } from './filing.ts'
import type { Partition } from './partition.ts'
import type { Partitions } from './partitions.ts'
import type { TokenOutcome } from './token-event.ts'

/** Writes what a token event brought. */
export function writeEntities(memory: Partitions, { AppMetadata, ...owned }: TokenOutcome['entities']): void {
  // An answer that names no family does not end a client's membership.
  const known = memory.shared.entries.find((entry) => sameMeaning(entry, { type: 'AppMetadata', entity: AppMetadata }))
  put(memory.shared, 'AppMetadata', { ...known?.entity, ...AppMetadata })
  const partition = partitionFor(memory, { type: 'AccessToken', entity: owned.AccessToken })
  const now = Date.now() / 1000
  partition.remove(({ type, entity }) => type === 'AccessToken' && (seconds(entity, 'expires_on') ?? now) < now)
  for (const [type, entity] of Object.entries(owned)) put(partition, type as CredentialType, entity)
  settle(memory)
}

/** Writes an entry over all that mean the same. */
export function put(partition: Partition, type: CredentialType, entity: Entity): void {
  const entry = { type, key: '', entity }
  let twin: Entity | undefined
  partition.remove((other) => {
    if (!sameMeaning(other, entry)) return false
    twin = other.entity
    return true
  })
  // What other MSALs keep in an account, and how its owner signed in, outlives a renewal.
  if (twin && type === 'Account') entry.entity = { ...twin, ...entity }
  // A tenant has many names: whoever asks under one of them finds what another has brought.
  const names = twin && [...new Set([...authoritiesOf(twin), ...authoritiesOf(entity)])].slice(-16).join(' ')
  if (names) entry.entity = { ...entry.entity, authority: names }
  partition.load(entry)
}

/** Whether two entries of one partition mean the same thing, whoever wrote them. */
export const sameMeaning = (a: Omit<Entry, 'key'>, b: Omit<Entry, 'key'>): boolean => a.type === b.type && identityOf(a) === identityOf(b)

function identityOf({ type, entity }: Omit<Entry, 'key'>): string {
  const client = text(entity, 'client_id')
  const parts: string[] = [cloudOf(text(entity, 'environment'))]
  if (type === 'RefreshToken') {
    // Refresh tokens serve every scope and tenant; a family shares one.
    const family = text(entity, 'family_id')
    parts.push(text(entity, 'authority'), family ? `family ${family}` : `client ${client}`)
  } else {
    if (type !== 'Account') parts.push(client)
    if (type !== 'AppMetadata') parts.push(realmOf(entity))
    if (type === 'AccessToken') parts.push(bindingOf(entity), scopeKey(targetOf(entity)))
  }
  return parts.join('\n')
}
