import { ClientConfigurationError, isAuthError } from '../core/errors.ts'
import { isRecord } from '../core/util/record.ts'

/** Options of {@link challenge}. */
export interface ChallengeOptions {
  /** Why the request is refused (RFC 6750 section 3.1). Absent: it had no token at all; with `claims`, `insufficient_claims`. */
  error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'insufficient_claims' | undefined
  /** The scopes that the caller's token needs. */
  scopes?: readonly string[] | undefined
  /** The JSON of a claims challenge, which is sent as base64. */
  claims?: string | undefined
  /** Where the caller can get a token. */
  authority?: string | URL | undefined
}

/**
 * The answer of a protected API to a request whose token is missing or does not do, with the `WWW-Authenticate` header that tells the
 * caller why: 401, or 403 for `insufficient_scope` and 400 for `invalid_request`. (RFC 6750 section 3; claims challenges of the Microsoft
 * identity platform, which `parseClaimsChallenge` reads.) For pages of another origin the API has to expose the header (CORS).
 *
 * @throws ClientConfigurationError `invalid_argument`: an option is of another type, or `error` is empty
 * @example
 * ```ts
 * if (!request.headers.has('authorization')) return challenge({ scopes: ['api://notes/Notes.Read'] })
 * ```
 */
export function challenge(options: ChallengeOptions = {}): Response {
  if (!isRight(options)) throw new ClientConfigurationError('invalid_argument', 'An option of the challenge is not what it should be.')
  const { scopes, claims, authority, error = claims ? 'insufficient_claims' : undefined } = options
  const parameters = {
    authorization_uri: authority && String(authority),
    error,
    scope: scopes?.join(' '),
    claims: claims && btoa(String.fromCharCode(...new TextEncoder().encode(claims))),
  }
  const text = Object.entries(parameters).flatMap(([name, value]) => (value ? [`${name}="${quotable(value)}"`] : []))
  const headers = { 'www-authenticate': ['Bearer', text.join(', ')].filter(Boolean).join(' '), 'cache-control': 'no-store' }
  const status = error === 'insufficient_scope' ? 403 : error === 'invalid_request' ? 400 : 401
  return new Response(null, { status, headers })
}

/** Whether every option is what it should be, or absent. */
function isRight(options: unknown): boolean {
  if (!isRecord(options)) return false
  const { error, scopes, claims, authority } = options
  const isText = (value: unknown) => typeof (value ?? '') === 'string'
  const names = scopes ?? []
  const isNamed = Array.isArray(names) && names.every(isText)
  return (
    isNamed &&
    error !== '' &&
    isText(error) &&
    isText(claims) &&
    (isText(authority) || (isRecord(authority) && typeof authority.href === 'string'))
  )
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
