import { accountInfo } from '../cache/account.ts'
import { bindingOf, type Entity, text } from '../cache/entities.ts'
import { visibleIn } from '../cache/listing.ts'
import type { CachedToken } from '../cache/partition.ts'
import { ClientConfigurationError, isAuthError } from '../errors.ts'
import type { Grant } from '../grants/grant.ts'
import { onBehalfOfGrant } from '../grants/on-behalf-of.ts'
import { refreshTokenGrant } from '../grants/refresh-token.ts'
import { mergeClaims } from '../oauth/claims-parameter.ts'
import { decorate } from '../oauth/requested-scopes.ts'
import { checkScopes, scopeKey } from '../oauth/scopes.ts'
import type { OnBehalfOfOptions } from '../options.ts'
import type { UserResult } from '../types.ts'
import { encodeBase64Url } from '../util/base64url-encode.ts'
import { sha256 } from '../util/crypto.ts'
import type { Bounds } from '../util/deadline.ts'
import { cacheFirst, type Reason } from './cache-first.ts'
import { checkCall } from './check-call.ts'
import type { Call, ClientContext } from './context.ts'
import { checkSameAccount } from './refresh.ts'
import { userResult } from './user-result.ts'
import { type Filing, freshToken, obtainTokens } from './user-tokens.ts'

/** A token for another API, for the user whose token was presented: cached under that token, so that it serves nobody else. */
export async function acquireOnBehalfOf(context: ClientContext, options: OnBehalfOfOptions, call: Call): Promise<UserResult> {
  checkCall(options)
  const { userAssertion, claimsChallenge, forceRefresh = false } = options
  const { authority, clientId, memory, options: settings } = context
  const scopes = checkScopes(options.scopes)
  if (typeof userAssertion !== 'string' || !userAssertion) {
    throw new ClientConfigurationError('invalid_argument', 'userAssertion must be the token that the caller presented.')
  }
  const assertion = encodeBase64Url(await sha256(userAssertion))
  const asked = decorate(scopes, settings.excludeScopes)
  const claims = mergeClaims(claimsChallenge, settings.clientCapabilities)
  const { cloud, tenant, url } = authority
  const query = {
    cloud,
    clientId,
    realm: tenant,
    authority: url,
    binding: bindingOf(options.extraBodyParameters ?? {}),
    scopes,
    scopeKey: scopeKey(scopes),
  }

  const lookUp = (): CachedToken | undefined => {
    const token = memory.get({ assertion })?.find(query)
    return token?.account && token
  }

  const accountOf = (held: Entity): Entity | undefined => {
    const accounts = visibleIn(memory.get({ assertion }), 'Account', authority)
    return accounts.filter((entity) => entity.home_account_id && entity.home_account_id === held.home_account_id).at(-1)
  }

  async function obtain(grant: Grant, exchange: () => Bounds, filing: Filing = {}) {
    const token = freshToken(await obtainTokens(context, authority, grant, call, exchange, { assertionHash: assertion, ...filing }))
    if (filing.heldToken) {
      const stored = lookUp()
      token.account = stored?.account ?? accountOf(filing.heldToken)
      token.idToken ??= stored?.idToken
    }
    return [token, 'identity_provider'] as const
  }

  async function acquire(reason: Reason, exchange: () => Bounds) {
    const partition = memory.get({ assertion })
    const held = visibleIn(partition, 'RefreshToken', authority).find((entity) => entity.client_id === clientId && text(entity, 'secret'))
    // Other MSALs file the account elsewhere: the assertion brings it.
    if (held && accountOf(held)) {
      const homeAccountId = text(held, 'home_account_id')
      try {
        const grant = refreshTokenGrant(text(held, 'secret'), asked, homeAccountId, claims, reason)
        return await obtain(grant, exchange, {
          homeAccountId,
          heldToken: held,
          inspect: (fresh) => checkSameAccount(fresh, authority, homeAccountId, partition),
        })
      } catch (error) {
        // The assertion itself may still be good.
        if (!isAuthError(error, 'interaction_required')) throw error
      }
    }
    return obtain(onBehalfOfGrant(userAssertion, asked, claims, reason), exchange)
  }

  await memory.current({ assertion }, call)
  const result = await cacheFirst<UserResult>(context, call, {
    key: ['assertion', clientId, url, assertion, query.scopeKey, claimsChallenge],
    fresh: forceRefresh || !!claimsChallenge,
    owner: { assertion },
    lookUp,
    result: (token, source) => userResult(token, accountInfo(token.account!), source, call.correlationId),
    check() {},
    acquire,
  })
  return result!
}
