/** What a caller can do about an error. */
export type AuthErrorAction = 'retry' | 'interact' | 'reconfigure' | 'report'

export type ServerErrorCode = 'server_error' | 'throttled' | 'interaction_required'
export type ClientAuthErrorCode =
  | 'state_mismatch'
  | 'flow_expired'
  | 'flow_unknown'
  | 'nonce_mismatch'
  | 'issuer_mismatch'
  | 'audience_mismatch'
  | 'id_token_invalid'
  | 'auth_time_too_old'
  | 'scope_not_in_flow'
  | 'account_mismatch'
  | 'user_cancelled'
  | 'popup_blocked'
  | 'interaction_timed_out'
  | 'interaction_failed'
export type ClientConfigurationErrorCode =
  | 'invalid_argument'
  | 'scopes_empty'
  | 'scopes_reserved'
  | 'authority_invalid'
  | 'authority_unknown'
  | 'metadata_invalid'
  | 'credential_invalid'
  | 'interaction_missing'
  | 'endpoint_missing'
  | 'environment_unsupported'
  | 'cache_invalid'
export type NetworkErrorCode = 'unreachable' | 'timed_out' | 'aborted' | 'bad_response' | 'too_large' | 'server_unavailable'
export type AuthErrorCode = ServerErrorCode | ClientAuthErrorCode | ClientConfigurationErrorCode | NetworkErrorCode

/** What every error may carry. */
export interface AuthErrorDetails {
  correlationId?: string | undefined
  cause?: unknown
}

/** Shared by all copies of the package. */
const brand = /* @__PURE__ */ Symbol.for('msal-isomorphic.AuthError')

/** Everything that a public method throws. `message` is safe to log and to show. */
export abstract class AuthError extends Error {
  /** What went wrong; one of a closed list. */
  abstract readonly code: AuthErrorCode
  /** What to do about it. */
  abstract readonly action: AuthErrorAction
  declare readonly correlationId?: string

  constructor(message: string, { correlationId, cause }: AuthErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    if (correlationId !== undefined) this.correlationId = correlationId
    Object.defineProperty(this, brand, { value: true })
  }
}

/** What an OAuth error response says (RFC 6749 section 5.2, and the Microsoft identity platform's additions). */
export interface ServerErrorDetails {
  error: string
  errorDescription?: string
  errorUri?: string
  /** A finer reason, such as `bad_token` or `basic_action`. */
  suberror?: string
  /** The numbers of `AADSTS…`. */
  errorCodes?: number[]
  /** A claims challenge for the next sign-in. */
  claims?: string
  traceId?: string
  /** The HTTP status; 0 where the answer came through the person's browser. */
  status: number
  /** The suberror, or empty where there is none or it means nothing to a caller. */
  classification?: string
  /** Milliseconds to wait before the next try. */
  retryAfter?: number
}

/** The provider answered with an OAuth error. */
export class ServerError extends AuthError implements ServerErrorDetails {
  override readonly name: string = 'ServerError'
  declare readonly code: ServerErrorCode
  declare readonly action: AuthErrorAction
  declare readonly error: string
  declare readonly errorDescription?: string
  declare readonly errorUri?: string
  declare readonly suberror?: string
  declare readonly errorCodes?: number[]
  declare readonly claims?: string
  declare readonly traceId?: string
  declare readonly status: number
  declare readonly classification?: string
  declare readonly retryAfter?: number

  constructor(code: ServerErrorCode, details: ServerErrorDetails, correlationId?: string) {
    const number = details.errorCodes?.[0]
    super(
      `The identity provider answered ${details.error}${number ? ` (AADSTS${number})` : ''}${details.suberror ? `, ${details.suberror}` : ''}.`,
      { correlationId },
    )
    Object.assign(this, details)
    this.code = code
    this.action = actionOf(code, details)
  }
}

function actionOf(code: ServerErrorCode, { error, status }: ServerErrorDetails): AuthErrorAction {
  if (code === 'interaction_required') return 'interact'
  if (code === 'throttled' || status >= 500 || error === 'temporarily_unavailable') return 'retry'
  if (error === 'invalid_client' || error === 'unauthorized_client' || error === 'invalid_scope') return 'reconfigure'
  return 'report'
}

/** The provider wants the person: sign in again with `acquireTokenInteractive`, passing `claims` as `claimsChallenge` where there are any. */
export class InteractionRequiredAuthError extends ServerError {
  override readonly name = 'InteractionRequiredAuthError'
  declare readonly code: 'interaction_required'

  constructor(details: ServerErrorDetails, correlationId?: string) {
    super('interaction_required', details, correlationId)
  }
}

/** An answer that fails validation, or a sign-in that did not come about. */
export class ClientAuthError extends AuthError {
  override readonly name = 'ClientAuthError'
  declare readonly code: ClientAuthErrorCode
  declare readonly action: AuthErrorAction

  constructor(code: ClientAuthErrorCode, message: string, details?: AuthErrorDetails) {
    super(message, details)
    this.code = code
    this.action = code === 'issuer_mismatch' || code === 'audience_mismatch' || code === 'id_token_invalid' ? 'report' : 'interact'
  }
}

/** The caller's mistake, or the provider's configuration. */
export class ClientConfigurationError extends AuthError {
  override readonly name = 'ClientConfigurationError'
  declare readonly code: ClientConfigurationErrorCode
  readonly action = 'reconfigure'

  constructor(code: ClientConfigurationErrorCode, message: string, details?: AuthErrorDetails) {
    super(message, details)
    this.code = code
  }
}

/** No usable answer came. */
export class NetworkError extends AuthError {
  override readonly name = 'NetworkError'
  declare readonly code: NetworkErrorCode
  declare readonly action: AuthErrorAction
  /** The HTTP status, where there was an answer. */
  declare readonly status?: number
  /** Milliseconds to wait before the next try, where the provider said. */
  declare readonly retryAfter?: number

  constructor(
    code: NetworkErrorCode,
    message: string,
    { status, retryAfter, ...details }: AuthErrorDetails & { status?: number | undefined; retryAfter?: number | undefined } = {},
  ) {
    super(message, details)
    this.code = code
    this.action = code === 'aborted' || code === 'bad_response' ? 'report' : 'retry'
    if (status !== undefined) this.status = status
    if (retryAfter !== undefined) this.retryAfter = retryAfter
  }
}

/** Every error of this library, for `switch (error.code)`. */
export type AnyAuthError = ServerError | InteractionRequiredAuthError | ClientAuthError | ClientConfigurationError | NetworkError

/**
 * Whether something thrown is an error of this library, of the given code where one is given. Works across copies of the package.
 *
 * @example
 * ```ts
 * try {
 *   await app.acquireTokenInteractive({ scopes })
 * } catch (error) {
 *   if (isAuthError(error, 'user_cancelled')) return
 *   throw error
 * }
 * ```
 */
export function isAuthError(error: unknown, code?: AuthErrorCode): error is AnyAuthError {
  return (
    error instanceof Error && (error as { [brand]?: true })[brand] === true && (code === undefined || (error as AnyAuthError).code === code)
  )
}
