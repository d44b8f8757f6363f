import { accountInfo } from '../cache/account.ts'
import { ClientAuthError, ClientConfigurationError } from '../errors.ts'
import { checkAnswer, createAuthCodeFlow, redeemedScopes, redemption } from '../grants/authorization-code.ts'
import type { Grant } from '../grants/grant.ts'
import { readAuthorizationResponse } from '../oauth/authorization-response.ts'
import { oauthError } from '../oauth/oauth-error.ts'
import { checkScopes } from '../oauth/scopes.ts'
import { readClientInfo } from '../oauth/token-response.ts'
import type { ResponseMode } from '../ports.ts'
import type { AuthCodeFlow, AuthorizationResponse, InitiateAuthCodeFlowOptions, UserResult } from '../types.ts'
import { isRecord } from '../util/record.ts'
import type { Call, ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'
import { userResult } from './result.ts'
import { freshToken, obtainTokens } from './token-request.ts'

export async function beginSignIn(context: ClientContext, options: InitiateAuthCodeFlowOptions, call: Call): Promise<AuthCodeFlow> {
  return createAuthCodeFlow(await protocolOf(context).metadataOf(context.authority, call), context.clientId, options, context.options)
}

/** Redeems what came back. `expires`: the flow was out of our hands, so its age counts. */
export async function completeSignIn(
  context: ClientContext,
  flow: AuthCodeFlow,
  response: AuthorizationResponse,
  call: Call,
  { scopes, api, expires }: { scopes?: readonly string[] | undefined; api: number; expires?: boolean },
): Promise<UserResult> {
  const { authority, clientId, options } = context
  const { correlationId } = call
  if (!isRecord(flow)) throw new ClientConfigurationError('invalid_argument', 'flow must be what initiateAuthCodeFlow resolved to.')
  const parameters = await readAuthorizationResponse(response)
  const answer = checkAnswer(flow, parameters, clientId, authority.url)
  if (expires && !(flow.expiresAt > Date.now())) throw new ClientAuthError('flow_expired', 'The sign-in took too long; begin it again.')
  if (typeof answer !== 'string') throw oauthError(answer.error, { status: 0, correlationId })
  const wanted = redeemedScopes(flow, scopes && checkScopes(scopes, { empty: true }), options.excludeScopes)
  const { fields, nonce, maxAge, issuer } = await redemption(flow, answer, wanted, options.clientCapabilities)
  const metadata = await protocolOf(context).metadataOf(authority, call)
  if (metadata.issuer !== issuer)
    throw new ClientAuthError('issuer_mismatch', 'The sign-in was begun at another issuer.', { correlationId })
  const grant: Grant = { type: 'authorization_code', fields, scopes: wanted, api, anchor: anchorOf(parameters.client_info) }
  const outcome = await obtainTokens(context, authority, grant, call, () => call, {
    expectations: { nonce, maxAge },
    inspect({ claims }) {
      // Without an id token nobody could tell whose sign-in, or which, this answers.
      if (!claims) throw new ClientAuthError('id_token_invalid', 'The id token is missing.', { correlationId })
    },
  })
  return userResult(freshToken(outcome), accountInfo(outcome.entities.Account!), 'identity_provider', correlationId)
}

/** Only a hint for routing: malformed, it is no hint. */
function anchorOf(clientInfo: string | undefined): string | undefined {
  try {
    return readClientInfo(clientInfo, () => new Error())?.replace(/^(.*)\.(.*)$/, 'Oid:$1@$2')
  } catch {
    return undefined
  }
}

/** The first that the provider supports; without a word from it, all do query and fragment (OpenID Connect Discovery 3). */
export async function pickResponseMode(context: ClientContext, wanted: readonly ResponseMode[], call: Call): Promise<ResponseMode> {
  const { document } = await protocolOf(context).metadataOf(context.authority, call)
  const supported = document.response_modes_supported
  const modes: readonly unknown[] = Array.isArray(supported) ? supported : ['query', 'fragment']
  const mode = wanted.find((candidate) => modes.includes(candidate))
  if (!mode) throw new ClientConfigurationError('environment_unsupported', 'The provider supports no response mode of this interaction.')
  return mode
}
