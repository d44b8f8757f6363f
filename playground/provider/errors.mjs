import { randomUUID } from 'node:crypto'

/**
 * oidc-provider's refusals, told as Entra tells them: an AADSTS number, the OAuth error Entra uses for it, a suberror where there is
 * one. The first row whose `error` and `when` fit wins.
 */
const rows = [
  // Client authentication
  ['invalid_client', /client not found/, 700016, 'unauthorized_client', 'The application was not found in the directory.'],
  ['invalid_client', /client is invalid/, 700016, 'unauthorized_client', 'The application was not found in the directory.'],
  ['invalid_client', /invalid secret/, 7000215, 'invalid_client', 'Invalid client secret provided.'],
  ['invalid_client', /public client sent/, 700025, 'invalid_client', 'The client is public, so no client credential may be presented.'],
  [
    'invalid_client',
    /mechanism does not match/,
    7000218,
    'invalid_client',
    'The request body must contain client_assertion or client_secret.',
  ],
  ['invalid_client', /audience/, 700023, 'invalid_client', 'Client assertion audience claim does not match the token endpoint.'],
  ['invalid_client', /expired/, 700024, 'invalid_client', 'Client assertion is not within its valid time range.'],
  [
    'invalid_client',
    /thumbprint|signature|keystore|key/,
    700027,
    'invalid_client',
    'The certificate is not registered on the application, or the signature is wrong.',
  ],
  ['invalid_client', /./, 50012, 'invalid_client', 'Client assertion failed validation.'],
  // Grants
  ['invalid_grant', /client mismatch/, 70000, 'invalid_grant', 'The refresh token was issued to a different client.', 'client_mismatch'],
  ['invalid_grant', /authorization code is expired/, 70008, 'invalid_grant', 'The provided authorization code has expired.'],
  [
    'invalid_grant',
    /authorization code already consumed|already used/,
    54005,
    'invalid_grant',
    'The code or token was already redeemed.',
    'bad_token',
  ],
  ['invalid_grant', /authorization code not found/, 70000, 'invalid_grant', 'The provided value for the code parameter is not valid.'],
  [
    'invalid_grant',
    /redirect_uri mismatch/,
    500112,
    'invalid_client',
    'The reply address does not match the one of the authorization request.',
  ],
  [
    'invalid_grant',
    /code_verifier|code_challenge/,
    501481,
    'invalid_grant',
    'The code_verifier does not match the code_challenge of the authorization request.',
  ],
  [
    'invalid_grant',
    /refresh token is expired/,
    700082,
    'invalid_grant',
    'The refresh token has expired due to inactivity.',
    'token_expired',
  ],
  [
    'invalid_grant',
    /refresh token not found|grant not found/,
    50173,
    'invalid_grant',
    'The grant has been revoked. A fresh sign-in is needed.',
    'bad_token',
  ],
  ['invalid_grant', /referenced account not found/, 50020, 'invalid_grant', 'The user account does not exist in this tenant.'],
  ['invalid_grant', /device code not found|device code already consumed/, 70000, 'invalid_grant', 'The device code is not valid.'],
  ['invalid_grant', /unknown user name/, 50034, 'invalid_grant', 'The user account does not exist in the directory.'],
  ['invalid_grant', /wrong password/, 50126, 'invalid_grant', 'Error validating credentials due to invalid username or password.'],
  ['invalid_grant', /assertion is expired/, 500133, 'invalid_grant', 'Assertion is not within its valid time range.'],
  [
    'invalid_grant',
    /assertion audience/,
    500131,
    'invalid_grant',
    'Assertion audience does not match the Client app presenting the assertion.',
  ],
  [
    'invalid_grant',
    /assertion of an application/,
    7000114,
    'invalid_grant',
    'Application is not allowed to make application on-behalf-of calls.',
  ],
  ['invalid_grant', /assertion is not valid/, 50013, 'invalid_grant', 'Assertion failed signature validation.', 'bad_token'],
  ['invalid_grant', /consent is missing/, 65001, 'invalid_grant', 'The user has not consented to use the application.', 'consent_required'],
  ['invalid_grant', /./, 70000, 'invalid_grant', 'The provided grant is invalid or malformed.', 'bad_token'],
  // Device code
  ['authorization_pending', /.?/, 70016, 'authorization_pending', 'The device code is pending: the user has not signed in yet.'],
  ['expired_token', /.?/, 70020, 'expired_token', 'The device code has expired.'],
  // Signing in
  ['login_required', /.?/, 50058, 'login_required', 'A silent sign-in request was sent but no user is signed in.'],
  ['account_selection_required', /.?/, 16000, 'interaction_required', 'An account has to be selected.'],
  ['consent_required', /.?/, 65001, 'consent_required', 'The user has not consented to use the application.'],
  ['interaction_required', /not exist in this tenant/, 50020, 'interaction_required', 'The user account does not exist in this tenant.'],
  ['interaction_required', /.?/, 50076, 'interaction_required', 'Due to a policy, a stronger sign-in is needed.', 'basic_action'],
  ['access_denied', /.?/, 65004, 'access_denied', 'The user declined to sign in or to consent.'],
  // Requests
  ['invalid_target', /.?/, 500011, 'invalid_resource', 'The resource principal was not found in the tenant.'],
  ['invalid_scope', /\.default/, 1002012, 'invalid_scope', 'Client credential flows need a scope of the form {resource}/.default.'],
  ['invalid_scope', /.?/, 70011, 'invalid_scope', 'The provided value for the scope parameter is not valid.'],
  [
    'invalid_request',
    /origin .* not allowed/,
    9002326,
    'invalid_request',
    "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.",
  ],
  [
    'invalid_request',
    /PKCE/,
    9002325,
    'invalid_request',
    'Proof Key for Code Exchange is required for cross-origin authorization code redemption.',
  ],
  ['invalid_request', /missing required parameter/, 900144, 'invalid_request', 'The request body lacks a required parameter.'],
  [
    'invalid_request',
    /no client authentication mechanism/,
    900144,
    'invalid_request',
    "The request body must contain the parameter 'client_id'.",
  ],
  ['invalid_request', /prompt/, 90023, 'invalid_request', 'The prompt is not supported.'],
  ['invalid_request', /post_logout_redirect_uri/, 50011, 'invalid_request', 'The post-logout redirect URI is not registered.'],
  ['invalid_redirect_uri', /.?/, 50011, 'invalid_request', 'The redirect URI does not match the ones configured for the application.'],
  ['unsupported_grant_type', /.?/, 70003, 'unsupported_grant_type', 'The app requested an unsupported grant type.'],
  ['unauthorized_client', /.?/, 700016, 'unauthorized_client', 'The client may not use this grant.'],
  ['unsupported_response_type', /.?/, 700054, 'unsupported_response_type', 'The response_type is not enabled for the application.'],
  ['server_error', /.?/, 90033, 'server_error', 'A transient error has occurred. Please try again.'],
]

/** Finds Entra's words for an error of oidc-provider (`error`, `error_description`, `error_detail`). */
export function translate({ error, error_description = '', error_detail = '', suberror, claims }) {
  const reason = `${error_detail} ${error_description}`
  const row = rows.find(([name, when]) => name === error && when.test(reason))
  const [code, name, text, usualSuberror] = row?.slice(2) ?? [900_000, error, 'The request is not valid.']
  return {
    code,
    error: name,
    text: `${text} (${(error_detail || error_description).replaceAll('"', "'")})`,
    suberror: suberror ?? usualSuberror,
    claims,
  }
}

/** The body of an error answer. */
export function errorBody({ code, error, text, suberror, claims }, correlationId = randomUUID()) {
  const timestamp = new Date().toISOString().replace('T', ' ').replace(/\.\d+/, '')
  const trace = randomUUID()
  return {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${trace} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: trace,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    ...(suberror ? { suberror } : {}),
    ...(claims ? { claims } : {}),
  }
}

export const statusOf = ({ error }) => (error === 'invalid_client' ? 401 : error === 'server_error' ? 500 : 400)
