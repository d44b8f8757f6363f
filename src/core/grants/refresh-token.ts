import type { Grant } from './grant.ts'

/** RFC 6749 section 6. */
export const refreshTokenGrant = (
  refreshToken: string,
  scopes: readonly string[],
  homeAccountId: string,
  claims: string | undefined,
  reason: number,
): Grant => ({
  type: 'refresh_token',
  fields: { refresh_token: refreshToken, scope: scopes.join(' '), claims },
  scopes,
  api: 84,
  reason,
  anchor: `Oid:${homeAccountId.replaceAll('.', '@')}`,
  needsPerson: true,
})
