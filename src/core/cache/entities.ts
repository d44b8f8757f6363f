import { isMultiTenant } from '../authority/authority.ts'
import { splitScopes } from '../oauth/scopes.ts'

/** The sections of the unified cache schema. */
export type CredentialType = 'AccessToken' | 'RefreshToken' | 'IdToken' | 'Account' | 'AppMetadata'

/** One entry in the schema's snake_case fields. What a foreign MSAL wrote may lack any of them. */
export type Entity = Record<string, unknown>

export interface Entry {
  type: CredentialType
  /** As it stands in the file it came from; opaque. Empty for an entry made here, which gets one when it is written. */
  key: string
  entity: Entity
}

export const text = (entity: Entity, field: string): string => {
  const value = entity[field]
  return typeof value === 'string' ? value : ''
}

/** A decimal string, or a number, as seconds; undefined for anything else. */
export const seconds = (entity: Entity, field: string): number | undefined => {
  const value = entity[field]
  const number = typeof value === 'string' && value ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** The URLs of the authorities that an entry was asked under: an extra field of ours. A generic provider has one only. */
export const authoritiesOf = (entity: Entity): string[] => splitScopes(text(entity, 'authority'))

export const targetOf = (entity: Entity): string[] => splitScopes(text(entity, 'target'))

/** What two realms are compared by: a tenant's name, in which case does not count, or the URL of a generic provider, in which it does. */
export const realmKey = (realm: string): string => (realm.includes('/') ? realm : realm.toLowerCase())

export const realmOf = (entity: Entity): string => realmKey(tenantIdOf(entity))

export const tenantIdOf = (entity: Entity): string => homeRealm(text(entity, 'realm'), text(entity, 'home_account_id'))

/** `common` and its like mean the user's home tenant, which the home account id ends with: MSALs file the same token under either. */
export function homeRealm(realm: string, homeAccountId: string): string {
  const dot = homeAccountId.lastIndexOf('.')
  return dot > 0 && isMultiTenant(realm) ? homeAccountId.slice(dot + 1) : realm
}

/** What a token is bound to: its key, where that is named, whatever a request and its answer call such tokens; empty for a bearer token. */
export const bindingOf = (entity: Entity): string => {
  const type = text(entity, 'token_type').toLowerCase()
  const keyId = text(entity, 'key_id')
  return keyId ? `key ${keyId}` : type === 'bearer' ? '' : type
}
