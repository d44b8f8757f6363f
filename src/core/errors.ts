/** What a caller can do about an error. */
export type AuthErrorAction = 'retry' | 'interact' | 'reconfigure' | 'report'

/** Codes of {@link ServerError}. */
export type ServerErrorCode = 'server_error' | 'throttled' | 'interaction_required'
/** Codes of {@link ClientAuthError}. */
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
/** Codes of {@link ClientConfigurationError}. */
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
/** Codes of {@link NetworkError}. */
export type NetworkErrorCode = 'unreachable' | 'timed_out' | 'aborted' | 'bad_response' | 'too_large' | 'server_unavailable'
/** Every code; the README says what each means and what to do. */
export type AuthErrorCode = ServerErrorCode | ClientAuthErrorCode | ClientConfigurationErrorCode | NetworkErrorCode

/** What every error may carry. */
export interface AuthErrorDetails {
  /** Of the call that failed. */
  correlationId?: string | undefined
  /** What was thrown below; never anything that holds a secret. */
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
  /** Of the call that failed: the provider’s logs have it too. */
  declare readonly correlationId?: string

  constructor(message: string, { correlationId, cause }: AuthErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    if (correlationId !== undefined) this.correlationId = correlationId
    Object.defineProperty(this, brand, { value: true })
  }
}

/** What an OAuth error response says (RFC 6749 section 5.2, and the Microsoft identity platform's additions). */
export interface ServerErrorDetails {
  /** The OAuth error code. */
  error: string
  /** In the provider’s words, for a developer: cut to 512 characters, without control characters. Not safe as HTML. */
  errorDescription?: string
  /** A page about the error. */
  errorUri?: string
  /** A finer reason, such as `bad_token` or `basic_action`. */
  suberror?: string
  /** The numbers of `AADSTS…`. */
  errorCodes?: number[]
  /** A claims challenge for the next sign-in. */
  claims?: string
  /** What the provider’s support asks for. */
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
  /** `ServerError`, or the class that extends it. */
  override readonly name: string = 'ServerError'
  /** Which kind of refusal. */
  declare readonly code: ServerErrorCode
  /** `retry`, `reconfigure` or `report`; `interact` in {@link InteractionRequiredAuthError}. */
  declare readonly action: AuthErrorAction
  /** {@inheritDoc ServerErrorDetails.error} */
  declare readonly error: string
  /** {@inheritDoc ServerErrorDetails.errorDescription} */
  declare readonly errorDescription?: string
  /** {@inheritDoc ServerErrorDetails.errorUri} */
  declare readonly errorUri?: string
  /** {@inheritDoc ServerErrorDetails.suberror} */
  declare readonly suberror?: string
  /** {@inheritDoc ServerErrorDetails.errorCodes} */
  declare readonly errorCodes?: number[]
  /** {@inheritDoc ServerErrorDetails.claims} */
  declare readonly claims?: string
  /** {@inheritDoc ServerErrorDetails.traceId} */
  declare readonly traceId?: string
  /** {@inheritDoc ServerErrorDetails.status} */
  declare readonly status: number
  /** {@inheritDoc ServerErrorDetails.classification} */
  declare readonly classification?: string
  /** {@inheritDoc ServerErrorDetails.retryAfter} */
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
  return /^((invalid|unauthorized)_client|invalid_scope)$/.test(error) ? 'reconfigure' : 'report'
}

/** The provider wants the person: sign in again with `acquireTokenInteractive`, passing `claims` as `claimsChallenge` where there are any. */
export class InteractionRequiredAuthError extends ServerError {
  /** `InteractionRequiredAuthError`. */
  override readonly name = 'InteractionRequiredAuthError'
  /** Always `interaction_required`. */
  declare readonly code: 'interaction_required'

  constructor(details: ServerErrorDetails, correlationId?: string) {
    super('interaction_required', details, correlationId)
  }
}

/** An answer that fails validation, or a sign-in that did not come about. */
export class ClientAuthError extends AuthError {
  /** `ClientAuthError`. */
  override readonly name = 'ClientAuthError'
  /** Which check failed, or how the sign-in ended. */
  declare readonly code: ClientAuthErrorCode
  /** `interact`, or `report` where something is misconfigured or under attack. */
  declare readonly action: AuthErrorAction

  constructor(code: ClientAuthErrorCode, message: string, details?: AuthErrorDetails) {
    super(message, details)
    this.code = code
    this.action = /^(issuer|audience|id_token)_/.test(code) ? 'report' : 'interact'
  }
}

/** The caller's mistake, or the provider's configuration. */
export class ClientConfigurationError extends AuthError {
  /** `ClientConfigurationError`. */
  override readonly name = 'ClientConfigurationError'
  /** What is wrong. */
  declare readonly code: ClientConfigurationErrorCode
  /** Always `reconfigure`. */
  readonly action = 'reconfigure'

  constructor(code: ClientConfigurationErrorCode, message: string, details?: AuthErrorDetails) {
    super(message, details)
    this.code = code
  }
}

/** No usable answer came. */
export class NetworkError extends AuthError {
  /** `NetworkError`. */
  override readonly name = 'NetworkError'
  /** How the exchange failed. */
  declare readonly code: NetworkErrorCode
  /** `retry`, or `report` for `aborted` and `bad_response`. */
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
export type AnyAuthError =
  | (ServerError & { readonly code: Exclude<ServerErrorCode, InteractionRequiredAuthError['code']> })
  | InteractionRequiredAuthError
  | ClientAuthError
  | ClientConfigurationError
  | NetworkError

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
