import { endpoint } from '../authority/metadata.ts'
import { claimsOf } from '../cache/claims-of.ts'
import { text } from '../cache/entities.ts'
import type { LogoutUrlOptions } from '../types.ts'
import type { Call, ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'
import { withQuery } from './token-request.ts'

/** OpenID Connect RP-Initiated Logout 1.0, section 2. */
export async function logoutUrl(context: ClientContext, options: LogoutUrlOptions, call: Call): Promise<string> {
  const { authority, clientId, memory } = context
  const { account, postLogoutRedirectUri, logoutHint, state, extraQueryParameters } = options
  const { document } = await protocolOf(context).metadataOf(authority, call)
  if (account) await memory.current({ user: account.homeAccountId })
  const partition = account && memory.get({ user: account.homeAccountId })
  const idToken = partition?.list('IdToken', authority.cloud).find((entity) => entity.client_id === clientId)
  const hint = idToken && claimsOf(idToken)?.login_hint
  const parameters = {
    ...extraQueryParameters,
    client_id: clientId,
    id_token_hint: idToken && text(idToken, 'secret'),
    logout_hint: logoutHint ?? (typeof hint === 'string' ? hint : account?.username),
    post_logout_redirect_uri: postLogoutRedirectUri,
    state,
  }
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => !!entry[1])
  return withQuery(endpoint(authority, document, 'end_session_endpoint'), Object.fromEntries(given))
}
