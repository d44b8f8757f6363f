/** What a client credentials request needs. */
import type { Authority } from '../authority/authority.ts'
import type { CachedToken } from '../cache/partition.ts'
import { readAppEvent } from '../cache/token-event.ts'
import type { Grant } from '../grants/grant.ts'
import type { Bounds } from '../http/deadline.ts'
import type { Call, ClientContext } from './context.ts'
import { exchangeGrant, freshToken } from './token-request.ts'

export { clientCredentialsGrant } from '../grants/client-credentials.ts'
export { mergeClaims } from '../oauth/claims-parameter.ts'

/** Gets an application's own token, and stores it. */
export async function obtainAppToken(
  context: ClientContext,
  authority: Authority,
  grant: Grant,
  call: Call,
  exchange: () => Bounds,
  endpoint: string | undefined,
): Promise<CachedToken> {
  return freshToken(await exchangeGrant(context, authority, grant, call, exchange, { endpoint, read: (event) => readAppEvent(event) }))
}
