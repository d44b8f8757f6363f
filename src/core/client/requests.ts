/** What a client credentials request needs, in one part that loads with the first request. */
export { clientCredentialsGrant } from '../grants/client-credentials.ts'
export { mergeClaims } from '../oauth/claims-parameter.ts'
export { freshToken, obtainTokens } from './token-request.ts'
