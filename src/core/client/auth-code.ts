import type { Authority } from '../authority/authority.ts'
import { accountInfo } from '../cache/account.ts'
import type { TokenOutcome } from '../cache/token-event.ts'
import { ClientAuthError, ClientConfigurationError } from '../errors.ts'
import { authorizeUrl, checkAnswer, createAuthCodeFlow, redeemedScopes, redemption } from '../grants/authorization-code.ts'
import type { Grant } from '../grants/grant.ts'
import { readAuthorizationResponse } from '../oauth/authorization-response.ts'
import { mergeClaims } from '../oauth/claims-parameter.ts'
import { readClientInfo } from '../oauth/client-info.ts'
import { decorate } from '../oauth/requested-scopes.ts'
import { checkScopes } from '../oauth/scopes.ts'
import type {
  AuthCodeFlowOptions,
  AuthorizationCodeOptions,
  AuthorizationRequestUrlOptions,
  InitiateAuthCodeFlowOptions,
} from '../options.ts'
import type { AuthorizationResponse, ResponseMode } from '../ports.ts'
import type { AuthCodeFlow, UserResult } from '../types.ts'
import { loaded } from '../util/loaded.ts'
import { isRecord } from '../util/record.ts'
import { tagged } from '../util/tagged.ts'
import { withId } from '../util/with-id.ts'
import { checkCall } from './check-call.ts'
import type { Call, ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'
import { userResult } from './user-result.ts'
import { freshToken, obtainTokens } from './user-tokens.ts'

export async function beginSignIn(
  context: ClientContext,
  options: InitiateAuthCodeFlowOptions,
  call: Call,
  authority = context.authority,
): Promise<AuthCodeFlow> {
  checkCall(options)
  return createAuthCodeFlow(await protocolOf(context).metadataOf(authority, call), context.clientId, options, context.options)
}

/** How an answer is redeemed. */
interface Redeeming {
  scopes?: readonly string[] | undefined
  api: number
  /** The flow was out of our hands, so its age counts. */
  expires?: boolean
  /** Default: the client's. */
  authority?: Authority
  /** Refuses an answer that is right but not wanted. Nothing is stored before. */
  check?: (outcome: TokenOutcome) => void
}

/** The second half of a sign-in that went out of our hands. */
export async function completeFlow(context: ClientContext, options: AuthCodeFlowOptions, call: Call): Promise<UserResult> {
  checkCall(options)
  const { flow, response, scopes } = options
  return completeSignIn(context, flow, response, call, { scopes, api: 832, expires: true })
}

/** Redeems what came back. */
export async function completeSignIn(...args: Parameters<typeof redeemAnswer>): Promise<UserResult> {
  const outcome = await redeemAnswer(...args)
  return userResult(freshToken(outcome), accountInfo(outcome.entities.Account!), 'identity_provider', args[3].correlationId)
}

export async function redeemAnswer(
  context: ClientContext,
  flow: AuthCodeFlow,
  response: AuthorizationResponse,
  call: Call,
  { scopes, api, expires, authority = context.authority, check }: Redeeming,
): Promise<TokenOutcome> {
  const { clientId, options } = context
  const { correlationId } = call
  if (!isRecord(flow)) throw new ClientConfigurationError('invalid_argument', 'flow must be what initiateAuthCodeFlow resolved to.')
  const parameters = await readAuthorizationResponse(response, call).catch((error: unknown) => {
    throw withId(error, correlationId)
  })
  const answer = tagged(correlationId, () => checkAnswer(flow, parameters, clientId, authority.url))
  if (expires && !(flow.expiresAt > Date.now()))
    throw new ClientAuthError('flow_expired', 'The sign-in took too long; begin it again.', { correlationId })
  if (typeof answer !== 'string') {
    const { oauthError } = await loaded(import('../oauth/oauth-error.ts'))
    throw oauthError(answer.error, { status: 0, secrets: [flow.state, flow.nonce as string], correlationId })
  }
  const wanted = redeemedScopes(flow, scopes && checkScopes(scopes, { empty: true }), options.excludeScopes)
  const { fields, nonce, maxAge, issuer } = await redemption(flow, answer, wanted, options.clientCapabilities)
  const metadata = await protocolOf(context).metadataOf(authority, call)
  if (metadata.issuer !== issuer)
    throw new ClientAuthError('issuer_mismatch', 'The sign-in was begun at another issuer.', { correlationId })
  const grant: Grant = { type: 'authorization_code', fields, scopes: wanted, api, anchor: anchorOf(parameters.client_info) }
  return obtainTokens(context, authority, grant, call, () => call, {
    expectations: { nonce, maxAge },
    inspect(outcome) {
      // Without an id token nobody could tell whose sign-in, or which, this answers.
      if (!outcome.claims) throw new ClientAuthError('id_token_invalid', 'The id token is missing.', { correlationId })
      check?.(outcome)
    },
  })
}

/** Only a hint for routing: malformed, it is no hint. */
function anchorOf(clientInfo: string | undefined): string | undefined {
  try {
    return readClientInfo(clientInfo)?.replace(/^(.*)\.(.*)$/, 'Oid:$1@$2')
  } catch {
    return undefined
  }
}

/** The first that the provider supports; without a word from it, all do query and fragment (OpenID Connect Discovery 3). */
export async function pickResponseMode(
  context: ClientContext,
  wanted: readonly ResponseMode[],
  call: Call,
  authority = context.authority,
): Promise<ResponseMode> {
  const { document } = await protocolOf(context).metadataOf(authority, call)
  const supported = document.response_modes_supported
  const modes: readonly unknown[] = Array.isArray(supported) ? supported : ['query', 'fragment']
  const mode = wanted.find((candidate) => modes.includes(candidate))
  if (!mode) throw new ClientConfigurationError('environment_unsupported', 'The provider supports no response mode of this interaction.')
  return mode
}

/** The second half alone, for a request that was made elsewhere. */
export async function redeemCode(context: ClientContext, options: AuthorizationCodeOptions, call: Call): Promise<UserResult> {
  checkCall(options)
  const { code, redirectUri, nonce, codeVerifier, claimsChallenge } = options
  const { excludeScopes, clientCapabilities } = context.options
  const scopes = decorate(checkScopes(options.scopes), excludeScopes)
  if (typeof code !== 'string' || !code) throw new ClientConfigurationError('invalid_argument', 'code is missing.')
  // An empty one would be left out of the form, and the code redeemed without it.
  checkPkce(codeVerifier, /^[\w.~-]{43,128}$/, 'codeVerifier must be 43 to 128 unreserved characters (RFC 7636 section 4.1).')
  const claims = mergeClaims(claimsChallenge, clientCapabilities)
  const fields = { code, redirect_uri: redirectUri, scope: scopes.join(' '), code_verifier: codeVerifier, claims }
  const grant: Grant = { type: 'authorization_code', fields, scopes, api: 832 }
  const outcome = await obtainTokens(context, context.authority, grant, call, () => call, {
    expectations: { nonce },
    inspect({ claims: found }) {
      if (nonce !== undefined && !found) throw new ClientAuthError('id_token_invalid', 'The id token is missing.', call)
    },
  })
  return userResult(freshToken(outcome), accountInfo(outcome.entities.Account!), 'identity_provider', call.correlationId)
}

function checkPkce(value: string | undefined, form: RegExp, message: string): void {
  if (value !== undefined && !(typeof value === 'string' && form.test(value))) {
    throw new ClientConfigurationError('invalid_argument', message)
  }
}

export async function authorizationRequestUrl(
  context: ClientContext,
  options: AuthorizationRequestUrlOptions,
  call: Call,
): Promise<string> {
  checkCall(options)
  const { excludeScopes, clientCapabilities } = context.options
  const { responseType = 'code', state, nonce, redirectUri, loginHint, domainHint, prompt, claimsChallenge, codeChallenge } = options
  const scopes = decorate(checkScopes(options.scopes), excludeScopes)
  checkPkce(codeChallenge, /^[\w-]{43}$/, 'codeChallenge must be the 43 base64url characters of a SHA-256 (RFC 7636 section 4.2).')
  const claims = mergeClaims(claimsChallenge, clientCapabilities)
  const metadata = await protocolOf(context).metadataOf(context.authority, call)
  const parameters = {
    client_id: context.clientId,
    response_type: responseType,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
    nonce,
    code_challenge: codeChallenge,
    code_challenge_method: codeChallenge && 'S256',
    login_hint: loginHint,
    prompt,
    domain_hint: domainHint,
    claims,
  }
  return authorizeUrl(metadata, parameters, options.extraQueryParameters)
}
