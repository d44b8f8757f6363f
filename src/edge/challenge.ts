import { isAuthError } from '../core/errors.ts'

/** Options of {@link challenge}. */
export interface ChallengeOptions {
  /** Why the request is refused (RFC 6750 section 3.1). Absent: it had no token at all; with `claims`, `insufficient_claims`. */
  error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'insufficient_claims'
  /** The scopes that the caller's token needs. */
  scopes?: readonly string[]
  /** The JSON of a claims challenge, which is sent as base64. */
  claims?: string
  /** Where the caller can get a token. */
  authority?: string | URL
}

const statuses: Partial<Record<NonNullable<ChallengeOptions['error']>, number>> = { invalid_request: 400, insufficient_scope: 403 }

/**
 * The answer of a protected API to a request whose token is missing or does not do, with the `WWW-Authenticate` header that tells the
 * caller why: 401, or 403 for `insufficient_scope` and 400 for `invalid_request`. (RFC 6750 section 3; claims challenges of the Microsoft
 * identity platform, which `parseClaimsChallenge` reads.) For pages of another origin the API has to expose the header (CORS).
 *
 * @example
 * ```ts
 * if (!request.headers.has('authorization')) return challenge({ scopes: ['api://notes/Notes.Read'] })
 * ```
 */
export function challenge({
  scopes,
  claims,
  authority,
  error = claims ? 'insufficient_claims' : undefined,
}: ChallengeOptions = {}): Response {
  const parameters = {
    authorization_uri: authority && String(authority),
    error,
    scope: scopes?.join(' '),
    claims: claims && btoa(String.fromCharCode(...new TextEncoder().encode(claims))),
  }
  const text = Object.entries(parameters).flatMap(([name, value]) => (value ? [`${name}="${quotable(value)}"`] : []))
  const headers = { 'www-authenticate': ['Bearer', text.join(', ')].filter(Boolean).join(' '), 'cache-control': 'no-store' }
  return new Response(null, { status: (error && statuses[error]) ?? 401, headers })
}

/**
 * The answer to a request whose token `validateAccessToken` has refused: 401 `invalid_token`, or 403 `insufficient_scope` where the token is
 * valid but allows too little. Where it could not be told, because the provider does not answer, it is 503: a new token would not help.
 * Anything else, a mistake in the API's own configuration for instance, is thrown again.
 *
 * @example
 * ```ts
 * try {
 *   await validateAccessToken(accessToken, { audience: 'api://notes', authority, scopes: ['Notes.Read'] })
 * } catch (error) {
 *   return challengeFor(error, { scopes: ['api://notes/Notes.Read'], authority })
 * }
 * ```
 */
export function challengeFor(error: unknown, options: Omit<ChallengeOptions, 'error'> = {}): Response {
  if (isAuthError(error)) {
    if (error.name === 'ClientAuthError')
      return challenge({ ...options, error: error.code === 'scope_not_in_flow' ? 'insufficient_scope' : 'invalid_token' })
    if (error.name === 'NetworkError') {
      const retryAfter = Math.ceil((error.retryAfter ?? 1000) / 1000)
      return new Response(null, { status: 503, headers: { 'retry-after': `${retryAfter}`, 'cache-control': 'no-store' } })
    }
  }
  throw error
}

/** The inside of a quoted string (RFC 9110 section 5.6.4): what no header may hold is left out. */
const quotable = (value: string) => value.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')
