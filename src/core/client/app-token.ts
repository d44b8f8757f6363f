import { bindingOf } from '../cache/entities.ts'
import type { CachedToken } from '../cache/partition.ts'
import { appId } from '../cache/partitions.ts'
import { readAppEvent } from '../cache/token-event.ts'
import { clientCredentialsGrant } from '../grants/client-credentials.ts'
import { mergeClaims } from '../oauth/claims-parameter.ts'
import { checkScopes, scopeKey } from '../oauth/scopes.ts'
import type { ClientCredentialsOptions, ConfidentialClientOptions } from '../options.ts'
import type { AppResult, TokenResult } from '../types.ts'
import { loaded } from '../util/loaded.ts'
import { cacheFirst } from './cache-first.ts'
import { beginCall, type Call, type ClientContext } from './context.ts'
import { tokenResult } from './result.ts'
import { exchangeGrant, freshToken } from './token-request.ts'

/** A token for the application itself: from the cache, or by its credential (RFC 6749 section 4.4). */
export async function acquireForClient(context: ClientContext, options: ClientCredentialsOptions): Promise<AppResult> {
  const { claimsChallenge, forceRefresh } = options
  const scopes = checkScopes(options.scopes, { reservedToo: true })
  const authority = context.authorityOf(options.authority)
  const call = beginCall(context, options)
  const { clientId, memory } = context
  const { cloud, tenant, url } = authority
  const binding = bindingOf(options.extraBodyParameters ?? {})
  const query = { cloud, clientId, realm: tenant, authority: url, binding, scopes, scopeKey: scopeKey(scopes) }
  const owner = { app: appId(clientId, cloud, tenant) }
  const reading = memory.current(owner, call)
  if (reading) await reading
  const result = await cacheFirst<AppResult>(context, call, {
    key: ['app', clientId, url, query.scopeKey, claimsChallenge],
    fresh: !!(forceRefresh || claimsChallenge),
    owner,
    lookUp: () => memory.get(owner)?.find(query),
    result: (token, source) => appResult(token, source, call),
    check() {
      if (!authority.multiTenant) return
      const message = `An application's own token needs a tenant, not ${tenant}.`
      context.log({ level: 'warn', message, correlationId: call.correlationId })
    },
    async acquire(reason, exchange) {
      // Few requests have any.
      if (options.extraQueryParameters || options.extraBodyParameters) {
        const { checkExtraParameters } = await loaded(import('./persons.ts'))
        checkExtraParameters(options)
      }
      const { azureRegion, clientCapabilities } = context.options as ConfidentialClientOptions
      const grant = clientCredentialsGrant(scopes, mergeClaims(claimsChallenge, clientCapabilities), reason)
      const endpoint = azureRegion
        ? await (await loaded(import('./region.ts'))).regionalEndpoint(context, authority, azureRegion, exchange)
        : undefined
      const outcome = await exchangeGrant(context, authority, grant, call, exchange, { endpoint, read: (event) => readAppEvent(event) })
      return [freshToken(outcome), 'identity_provider']
    },
  })
  return result!
}

function appResult(token: CachedToken, source: TokenResult['tokenSource'], { correlationId }: Call): AppResult {
  const result = tokenResult(token, source, correlationId) as AppResult
  result.account = null
  return result
}
