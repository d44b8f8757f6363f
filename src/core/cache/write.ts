import { cloudOf } from '../authority/clouds.ts'
import { scopeKey } from '../oauth/scopes.ts'
import { authoritiesOf, bindingOf, type CredentialType, type Entity, type Entry, realmOf, seconds, targetOf, text } from './entities.ts'
import { partitionFor, settle } from './filing.ts'
import type { Partition } from './partition.ts'
import type { Partitions } from './partitions.ts'
import type { ClientTokenEvent, TokenOutcome } from './token-event.ts'

/** Writes what a token event brought, unless its owner has signed out meanwhile. */
export function writeOutcome(memory: Partitions, { heldToken }: ClientTokenEvent, { entities, owner }: TokenOutcome): void {
  const { AppMetadata, ...owned } = entities
  if (heldToken) {
    const held = memory.get(owner)?.entries.filter((entry) => sameMeaning(entry, { type: 'RefreshToken', entity: heldToken }))
    // Gone: its owner has signed out. Another by now: somebody was faster, or its owner has signed in again, and that token stays.
    if (!held?.length) return
    if (!held.some(({ entity }) => entity.secret === heldToken.secret)) delete owned.RefreshToken
  }
  // An answer that names no family does not end a client's membership.
  const known = memory.shared.entries.find((entry) => sameMeaning(entry, { type: 'AppMetadata', entity: AppMetadata }))
  put(memory.shared, 'AppMetadata', { ...known?.entity, ...AppMetadata })
  const partition = partitionFor(memory, { type: 'AccessToken', entity: entities.AccessToken })
  const now = Date.now() / 1000
  partition.remove(({ type, entity }) => type === 'AccessToken' && (seconds(entity, 'expires_on') ?? now) < now)
  // One that named no authority, as other MSALs write them, would be found by all: its successor takes its place.
  if (heldToken && !heldToken.authority && entities.RefreshToken?.authority) {
    partition.remove(({ type, entity }) => type === 'RefreshToken' && entity.secret === heldToken.secret)
  }
  // Another MSAL files an account under another name of its cloud, and a renewal writes none: from here on the two are one.
  for (const { entity } of partition.entries.filter(({ type }) => type === 'Account')) put(partition, 'Account', entity)
  for (const [type, entity] of Object.entries(owned)) put(partition, type as CredentialType, entity)
  settle(memory)
}

/** Writes an entry over all that mean the same. */
export function put(partition: Partition, type: CredentialType, entity: Entity): void {
  const entry = { type, key: keyOf(type, entity), entity }
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
  if (names) entry.entity = { ...entity, authority: names }
  partition.load(entry)
}

/** Whether two entries of one partition mean the same thing, whoever wrote them. */
export const sameMeaning = (a: Omit<Entry, 'key'>, b: Omit<Entry, 'key'>): boolean => a.type === b.type && identityOf(a) === identityOf(b)

function identityOf({ type, entity }: Omit<Entry, 'key'>): string {
  const parts: string[] = [type, cloudOf(text(entity, 'environment'))]
  const client = text(entity, 'client_id')
  switch (type) {
    case 'AccessToken':
      parts.push(client, realmOf(entity), bindingOf(entity), scopeKey(targetOf(entity)))
      break
    case 'RefreshToken':
      // Refresh tokens serve every scope and tenant; a family shares one.
      parts.push(text(entity, 'authority'), text(entity, 'family_id') ? `family ${text(entity, 'family_id')}` : `client ${client}`)
      break
    case 'IdToken':
      parts.push(client, realmOf(entity))
      break
    case 'Account':
      parts.push(realmOf(entity))
      break
    case 'AppMetadata':
      parts.push(client)
  }
  return parts.join('\n')
}

/** The key that MSAL Python gives an entry. */
function keyOf(type: CredentialType, entity: Entity): string {
  const field = (name: string) => text(entity, name)
  if (type === 'AppMetadata') return `appmetadata-${field('environment')}-${field('client_id')}`
  const owner = `${field('home_account_id')}-${field('environment')}`
  if (type === 'Account') return `${owner}-${field('realm')}`.toLowerCase()
  const realm = type === 'RefreshToken' ? '' : field('realm')
  const target = type === 'IdToken' ? '' : field('target')
  return `${owner}-${type}-${field('client_id')}-${realm}-${target}`.toLowerCase()
}
