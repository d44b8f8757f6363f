import { endpoint } from '../authority/metadata.ts'
import type { LogoutUrlOptions } from '../options.ts'
import { checkCall } from './check-call.ts'
import type { Call, ClientContext } from './context.ts'
import { type Hints, hintsOf } from './hints.ts'
import { protocolOf } from './protocol.ts'
import { withQuery } from './token-request.ts'

/** OpenID Connect RP-Initiated Logout 1.0, section 2. The hints may be given by whoever has read them before the account was removed. */
export async function logoutUrl(context: ClientContext, options: LogoutUrlOptions, call: Call, hints?: Hints): Promise<string> {
  checkCall(options)
  const { authority, clientId } = context
  const { account, postLogoutRedirectUri, logoutHint, state, extraQueryParameters } = options
  const { idToken, loginHint } = hints ?? (account && (await hintsOf(context, account))) ?? {}
  const { document } = await protocolOf(context).metadataOf(authority, call)
  const parameters = {
    ...extraQueryParameters,
    client_id: clientId,
    id_token_hint: idToken,
    logout_hint: logoutHint ?? loginHint ?? account?.username,
    post_logout_redirect_uri: postLogoutRedirectUri,
    state,
  }
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => !!entry[1])
  return withQuery(endpoint(authority, document, 'end_session_endpoint'), Object.fromEntries(given))
}
