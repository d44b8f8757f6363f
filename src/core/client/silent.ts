import type { Authority } from '../authority/authority.ts'
import { accountInfo } from '../cache/account.ts'
import { bindingOf, homeRealm } from '../cache/entities.ts'
import type { CachedToken } from '../cache/partition.ts'
import { isAuthError, ServerError } from '../errors.ts'
import { checkClaims } from '../oauth/claims.ts'
import { checkScopes, scopeKey } from '../oauth/scopes.ts'
import type { SilentOptions } from '../options.ts'
import type { AccountInfo, TokenResult, UserResult } from '../types.ts'
import { loaded } from '../util/loaded.ts'
import { cacheFirst } from './cache-first.ts'
import { beginCall, type Call, type ClientContext } from './context.ts'
import { checkExtraParameters } from './extra-parameters.ts'
import { userResult } from './user-result.ts'

/** What a silent call asks for. */
export interface Wanted {
  account: AccountInfo
  authority: Authority
  scopes: readonly string[]
  scopeKey: string
  binding: string
  claims: string | null | undefined
}

/** From the cache, or by a refresh token; null where the cache holds neither. */
export async function acquireSilently(context: ClientContext, options: SilentOptions): Promise<UserResult | null> {
  const { account, claimsChallenge, forceRefresh } = options
  if (!account) return null
  const scopes = checkScopes(options.scopes)
  const authority = context.authorityOf(options.authority)
  const binding = bindingOf(options.extraBodyParameters ?? {})
  const wanted: Wanted = { account, authority, scopes, scopeKey: scopeKey(scopes), binding, claims: claimsChallenge }
  const call = beginCall(context, options)
  const fresh = !!(forceRefresh || claimsChallenge)
  const reading = context.memory.current({ user: account.homeAccountId }, call)
  if (reading) await reading
  return cacheFirst<UserResult>(context, call, {
    key: ['user', context.clientId, authority.url, account.homeAccountId, wanted.scopeKey, claimsChallenge],
    fresh,
    lookUp: () => lookUp(context, wanted),
    result: (token, source) => resultOf(token, wanted, source, call),
    check() {
      checkExtraParameters(options)
      checkClaims(claimsChallenge)
    },
    async acquire(reason, exchange) {
      const { refreshInTurn } = await loaded(import('./refresh.ts'))
      return refreshInTurn(context, wanted, call, reason, exchange)
    },
  })
}

/** The same; null as well where the provider refuses. */
export async function acquireIfAllowed(context: ClientContext, options: SilentOptions): Promise<UserResult | null> {
  try {
    return await acquireSilently(context, options)
  } catch (error) {
    if (isRefusal(error)) return null
    throw error
  }
}

/** Whether an error means that the provider has refused, or would not be asked in silence, so that only the person can help. */
const isRefusal = (error: unknown): boolean =>
  isAuthError(error, 'interaction_timed_out') || (error instanceof ServerError && error.status < 500 && error.code !== 'throttled')

export function lookUp(context: ClientContext, { account, authority, scopes, scopeKey, binding }: Wanted): CachedToken | undefined {
  const { homeAccountId, tenantId } = account
  const partition = context.memory.get({ user: homeAccountId })
  if (!partition) return undefined
  const { cloud, url, tenant, multiTenant } = authority
  const realm = multiTenant ? homeRealm(tenant, homeAccountId) : tenant
  const query = { cloud, clientId: context.clientId, realm, authority: url, binding, scopes, scopeKey }
  // Other MSALs ask in the tenant of the account that they are given.
  return (
    partition.find(query) ?? (multiTenant && tenantId && realm !== tenantId ? partition.find({ ...query, realm: tenantId }) : undefined)
  )
}

const resultOf = (token: CachedToken, { account }: Wanted, source: TokenResult['tokenSource'], { correlationId }: Call): UserResult =>
  userResult(token, token.account ? accountInfo(token.account) : { ...account }, source, correlationId)
