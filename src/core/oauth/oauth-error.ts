import { InteractionRequiredAuthError, ServerError, type ServerErrorDetails } from '../errors.ts'
import { masked, secretsIn } from '../util/masked.ts'
import { printable } from '../util/printable.ts'

const needsPerson = ['interaction_required', 'login_required', 'consent_required', 'account_selection_required']
/** Suberrors that mean nothing to a caller; MSAL Python hides the same ones. */
const internalSuberrors = ['bad_token', 'token_expired', 'protection_policy_required', 'client_mismatch', 'device_authentication_failed']

interface Circumstances {
  /** 0 where the error came through the person's browser. */
  status: number
  retryAfter?: number | undefined
  /** The answer is a 429, or repeats an earlier refusal. */
  throttled?: boolean | undefined
  /** `invalid_grant` means that the person has to sign in again: for a refresh token or an assertion, not for a code. */
  grantNeedsPerson?: boolean | undefined
  /** What the request held that must not come back in a description. */
  secrets?: readonly string[] | undefined
  correlationId?: string | undefined
}

/** Makes the error of an OAuth error response (RFC 6749 sections 4.1.2.1 and 5.2). Remote text is cut, stripped and masked. */
export function oauthError(json: Record<string, unknown>, circumstances: Circumstances): ServerError {
  const { status, retryAfter, throttled, grantNeedsPerson, correlationId } = circumstances
  const secrets = [...(circumstances.secrets ?? []), ...secretsIn(json)]
  const clean = (name: string, form = /./): string | undefined => {
    const value = json[name]
    return typeof value === 'string' && form.test(value) ? printable(masked(value, secrets)).slice(0, 512) : undefined
  }
  const word = (name: string) => clean(name, /^[\w.:/-]{1,64}$/)
  const { claims } = json
  const error = word('error') ?? 'unknown_error'
  const suberror = word('suberror')
  const errorCodes = Array.isArray(json.error_codes)
    ? json.error_codes.filter((code) => Number.isSafeInteger(code)).slice(0, 16)
    : undefined
  const optional = {
    errorDescription: clean('error_description'),
    errorUri: clean('error_uri'),
    suberror,
    errorCodes,
    // A challenge has to stay whole: it goes back to the provider as it came, or not at all.
    claims: typeof claims === 'string' && claims.length <= 8192 && masked(claims, secrets) === claims ? claims : undefined,
    traceId: word('trace_id'),
    retryAfter,
  }
  const details: ServerErrorDetails = { error, status, classification: !suberror || internalSuberrors.includes(suberror) ? '' : suberror }
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) Object.assign(details, { [name]: value })
  if (throttled) return new ServerError('throttled', details, correlationId)
  if (status < 500 && (needsPerson.includes(error) || (grantNeedsPerson && error === 'invalid_grant'))) {
    return new InteractionRequiredAuthError(details, correlationId)
  }
  return new ServerError('server_error', details, correlationId)
}
