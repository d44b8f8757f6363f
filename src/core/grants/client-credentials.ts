import type { Grant } from './grant.ts'

/** RFC 6749 section 4.4. */
export const clientCredentialsGrant = (scopes: readonly string[], claims: string | undefined, reason: number): Grant => ({
  type: 'client_credentials',
  fields: { scope: [...new Set(scopes)].sort().join(' '), claims },
  scopes,
  api: 730,
  reason,
})
