/** Options of {@link challenge}. */
export interface ChallengeOptions {
  /** Why the request is refused (RFC 6750 section 3.1). Absent: it had no token at all. */
  error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'insufficient_claims'
  /** The scopes that the caller's token needs. */
  scopes?: readonly string[]
  /** The JSON of a claims challenge, which is sent as base64. */
  claims?: string
  /** Where the caller can get a token. */
  authority?: string | URL
}

/**
 * The answer of a protected API to a request whose token is missing or does not do: 401, or 403 where only a scope is missing, with the
 * `WWW-Authenticate` header that tells the caller why. (RFC 6750 section 3; claims challenges of the Microsoft identity platform.)
 *
 * @example
 * ```ts
 * if (!request.headers.has('authorization')) return challenge({ scopes: ['Notes.Read'] })
 * ```
 */
export function challenge({ error, scopes, claims, authority }: ChallengeOptions = {}): Response {
  const parameters = {
    authorization_uri: authority && String(authority),
    error,
    scope: scopes?.join(' '),
    claims: claims && btoa(String.fromCharCode(...new TextEncoder().encode(claims))),
  }
  const text = Object.entries(parameters).flatMap(([name, value]) => (value ? [`${name}="${value.replace(/["\\]/g, '\\$&')}"`] : []))
  const status = error === 'insufficient_scope' ? 403 : 401
  return new Response(null, { status, headers: { 'www-authenticate': ['Bearer', text.join(', ')].filter(Boolean).join(' ') } })
}
