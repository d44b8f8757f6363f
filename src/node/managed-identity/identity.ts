import { ClientConfigurationError } from '../../core/index.ts'

/** Names a user-assigned managed identity by one of its ids. */
export type ManagedIdentity =
  /** The client (application) id. */
  | { clientId: string }
  /** The object (principal) id. */
  | { objectId: string }
  /** The Azure resource id: `/subscriptions/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/…`. */
  | { resourceId: string }

export type UserAssignedKind = 'clientId' | 'objectId' | 'resourceId'

/** Whose tokens are asked for. */
export interface Identity {
  /** Undefined: the system-assigned one. */
  kind?: UserAssignedKind
  /** What its tokens are filed under in the cache. */
  id: string
}

/** The tenant segment of their cache entries. */
export const realm = 'managed_identity'

const kinds: readonly string[] = ['clientId', 'objectId', 'resourceId'] satisfies UserAssignedKind[]

export function parseIdentity(given: ManagedIdentity | undefined): Identity {
  // MSAL Python files them under the same name.
  if (given === undefined) return { id: 'SYSTEM_ASSIGNED_MANAGED_IDENTITY' }
  const [entry, ...others] = Object.entries(Object(given)).filter(([, id]) => id !== undefined)
  if (others.length || !entry || !kinds.includes(entry[0]) || typeof entry[1] !== 'string' || !/^\S+( \S+)*$/.test(entry[1])) {
    throw new ClientConfigurationError('invalid_argument', 'identity must hold exactly one of clientId, objectId and resourceId.')
  }
  return { kind: entry[0] as UserAssignedKind, id: entry[1] }
}
