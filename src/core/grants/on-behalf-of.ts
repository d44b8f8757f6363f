import type { Grant } from './grant.ts'

/** RFC 7523 section 2.1, with the platform's `requested_token_use`. */
export const onBehalfOfGrant = (assertion: string, scopes: readonly string[], claims: string | undefined, reason: number): Grant => ({
  type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  fields: { assertion, requested_token_use: 'on_behalf_of', scope: scopes.join(' '), claims },
  scopes,
  api: 523,
  reason,
  needsPerson: true,
})
