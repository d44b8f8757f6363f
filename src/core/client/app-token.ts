import type { Authority } from '../authority/authority.ts'
import { bindingOf } from '../cache/entities.ts'
import type { CachedToken } from '../cache/partition.ts'
import { appId, type Owner } from '../cache/partitions.ts'
import { checkClaims } from '../oauth/claims.ts'
import { checkScopes, scopeKey } from '../oauth/scopes.ts'
import type { AppResult, ClientCredentialsOptions, ConfidentialClientOptions, TokenResult } from '../types.ts'
import { loaded } from '../util/loaded.ts'
import { cacheFirst } from './cache-first.ts'
import { beginCall, type Call, type ClientContext } from './context.ts'
import { clientCredentialsGrant, mergeClaims, obtainAppToken } from './requests.ts'
import { tokenResult } from './result.ts'

interface Wanted {
  authority: Authority
  scopes: readonly string[]
  scopeKey: string
  binding: string
}

/** A token for the application itself: from the cache, or by its credential (RFC 6749 section 4.4). */
export async function acquireForClient(context: ClientContext, options: ClientCredentialsOptions): Promise<AppResult> {
  const { claimsChallenge, forceRefresh = false } = options
  const scopes = checkScopes(options.scopes, { reservedToo: true })
  const authority = options.authority === undefined ? context.authority : context.authorityOf(options.authority)
  const wanted: Wanted = { authority, scopes, scopeKey: scopeKey(scopes), binding: bindingOf(options.extraBodyParameters ?? {}) }
  const call = beginCall(context, options)
  const owner = { app: appId(context.clientId, authority.cloud, authority.tenant) }
  const reading = context.memory.current(owner)
  if (reading) await reading
  const result = await cacheFirst<AppResult>(context, call, {
    key: ['app', context.clientId, authority.url, wanted.scopeKey, claimsChallenge],
    fresh: forceRefresh || !!claimsChallenge,
    owner,
    lookUp: () => lookUp(context, owner, wanted),
    result: (token, source) => appResult(token, source, call),
    async check() {
      checkClaims(claimsChallenge)
      // Few requests have any.
      if (options.extraQueryParameters || options.extraBodyParameters) {
        const { checkExtraParameters } = await loaded(import('./persons.ts'))
        checkExtraParameters(options)
      }
      if (!authority.multiTenant) return
      const message = `An application's own token needs a tenant; ${authority.tenant} is none.`
      context.log({ level: 'warn', message, correlationId: call.correlationId })
    },
    async acquire(reason, exchange) {
      const grant = clientCredentialsGrant(scopes, mergeClaims(claimsChallenge, context.options.clientCapabilities), reason)
      const { azureRegion } = context.options as ConfidentialClientOptions
      const endpoint = azureRegion
        ? await (await loaded(import('./region.ts'))).regionalEndpoint(context, authority, azureRegion, exchange)
        : undefined
      return [await obtainAppToken(context, authority, grant, call, exchange, endpoint), 'identity_provider']
    },
  })
  return result!
}

function lookUp(
  { memory, clientId }: ClientContext,
  owner: Owner,
  { authority, scopes, scopeKey, binding }: Wanted,
): CachedToken | undefined {
  const { cloud, tenant, url } = authority
  return memory.get(owner)?.find({ cloud, clientId, realm: tenant, authority: url, binding, scopes, scopeKey })
}

function appResult(token: CachedToken, source: TokenResult['tokenSource'], { correlationId }: Call): AppResult {
  const result = tokenResult(token, source, correlationId) as AppResult
  result.account = null
  return result
}
