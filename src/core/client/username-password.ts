import { findFederation } from '../authority/user-realm.ts'
import { accountInfo } from '../cache/account.ts'
import type { Grant } from '../grants/grant.ts'
import { assertionGrant, checkPerson, passwordGrant } from '../grants/username-password.ts'
import { mergeClaims } from '../oauth/claims-parameter.ts'
import { decorate } from '../oauth/requested-scopes.ts'
import { checkScopes } from '../oauth/scopes.ts'
import type { UsernamePasswordOptions } from '../options.ts'
import type { UserResult } from '../types.ts'
import { loaded } from '../util/loaded.ts'
import { checkCall } from './check-call.ts'
import type { Call, ClientContext } from './context.ts'
import { checkExtraParameters } from './extra-parameters.ts'
import { protocolOf } from './protocol.ts'
import { userResult } from './user-result.ts'
import { freshToken, obtainTokens } from './user-tokens.ts'

/** Tokens for a name and a password (RFC 6749 section 4.3), or for what the person's company says once it has checked both. */
export async function signInByPassword(context: ClientContext, options: UsernamePasswordOptions, call: Call): Promise<UserResult> {
  checkCall(options)
  const { username, password, claimsChallenge } = options
  const { authority, authentication, options: settings } = context
  const scopes = decorate(checkScopes(options.scopes), settings.excludeScopes)
  const claims = mergeClaims(claimsChallenge, settings.clientCapabilities)
  const person = { username, password }
  checkPerson(person)
  checkExtraParameters(options)

  const { http, metadataOf } = protocolOf(context)
  // First of all: neither the name nor the password goes to a host that discovery does not vouch for.
  await metadataOf(authority, call)
  const federation = authority.kind === 'entra' ? await findFederation(http, authority, username, call) : undefined
  let grant: Grant
  if (federation) {
    const { issueAssertion } = await loaded(import('../grants/ws-trust/issue.ts'))
    const request = { ...call, person, wait: authentication ? 5_000 : 60_000 }
    grant = assertionGrant(await issueAssertion(http, authority, federation, request), scopes, claims)
  } else {
    grant = passwordGrant(person, scopes, claims)
  }
  // An answer without an id token still has an account.
  const outcome = await obtainTokens(context, authority, grant, call, () => call, { username })
  return userResult(freshToken(outcome), accountInfo(outcome.entities.Account!), 'identity_provider', call.correlationId)
}
