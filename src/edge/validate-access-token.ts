import type { AuthorityBuilder } from '../core/authority/authority-builder.ts'
import { guarded } from '../core/util/guarded.ts'
import { loaded } from '../core/util/loaded.ts'

/** Options of {@link validateAccessToken}. */
export interface ValidateAccessTokenOptions {
  /** What the token must be for: this API's client id, its `api://…` URI, or a list of what is accepted. */
  audience: string | readonly string[]
  /** Who issues the tokens: a tenant of the Microsoft identity platform, `common` or `organizations`, or any OpenID provider. */
  authority: string | URL | AuthorityBuilder
  /** All of these must be in the token (`scp`, or `scope`), with or without the audience before them: `Notes.Read`, `api://notes/Notes.Read`. */
  scopes?: readonly string[] | undefined
  /** At least one of these must be in the token (`roles`). */
  roles?: readonly string[] | undefined
  /** Hosts other than the authority's that its endpoints may be on. */
  knownAuthorities?: readonly string[] | undefined
  /** Default: the global `fetch`. Keys are remembered per function, so pass the same one each time. */
  fetch?: typeof fetch | undefined
}

/** The claims of an access token (RFC 9068 section 2.2, and the Microsoft identity platform's); times are Unix seconds. */
export interface AccessTokenClaims {
  /** The issuer. */
  iss: string
  /** The APIs that the token is for. */
  aud: string | string[]
  /** When the token ends, in Unix seconds. */
  exp: number
  /** When it begins, in Unix seconds. */
  nbf?: number
  /** When it was made, in Unix seconds. */
  iat?: number
  /** The person; for the application itself its service principal. */
  sub?: string
  /** The person's object id in the tenant. */
  oid?: string
  /** The tenant. */
  tid?: string
  /** The client, in tokens of version 2.0. */
  azp?: string
  /** The client, in tokens of version 1.0. */
  appid?: string
  /** What the client may do for the person, separated by spaces. */
  scp?: string
  /** What the application, or the person, may do. */
  roles?: string[]
  /** Whatever else the provider says. */
  [claim: string]: unknown
}

/**
 * Validates the access token that an API was called with: that it is signed by the authority with a public key algorithm, comes from the
 * right tenant, is for this API, valid now (give or take 120 s), no id token, and holds what is asked for. (RFC 9068 section 4, RFC 8725.)
 *
 * Tokens of version 1.0 and 2.0 are accepted. Under `common` and `organizations` every tenant's tokens are: check `tid` where not all are
 * welcome. Given both `scopes` and `roles`, the token needs both; an API for people and for applications alike asks for neither and looks at the claims.
 * An id token is recognised best where `scopes` are asked for. Endpoints and keys are fetched when they are first needed, and kept for a day; a key that
 * is not known is asked for at most every 30 s.
 *
 * @throws ClientAuthError `id_token_invalid`: the token (any token: the code's name is that of the most common one) is missing, malformed, an id token, expired
 * or not yet valid, or its signature is wrong; `issuer_mismatch`, `audience_mismatch`; `scope_not_in_flow`: valid, without the scopes or roles
 * @throws NetworkError The provider's endpoints or keys cannot be had just now: not the caller's fault, so no 401
 * @throws ClientConfigurationError `invalid_argument`, `authority_invalid`, `metadata_invalid`, `endpoint_missing`
 * @example
 * ```ts
 * try {
 *   const token = request.headers.get('authorization')?.replace(/^Bearer /i, '') ?? ''
 *   const claims = await validateAccessToken(token, { audience: 'api://notes', authority, scopes: ['Notes.Read'] })
 *   return Response.json({ hello: claims.name })
 * } catch (error) {
 *   return challengeFor(error, { scopes: ['api://notes/Notes.Read'], authority })
 * }
 * ```
 */
export async function validateAccessToken(token: string, options: ValidateAccessTokenOptions): Promise<AccessTokenClaims> {
  return guarded(async () => (await loaded(import('./access-token.ts'))).validate(token, options))
}
