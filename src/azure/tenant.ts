import type { Authority } from '../core/authority/authority.ts'
import type { ClientApplication } from '../core/client/client-application.ts'
import { beginCall, contextOf } from '../core/client/context.ts'
import { ClientConfigurationError } from '../core/errors.ts'
import type { RequestOptions } from '../core/options.ts'
import { loaded } from '../core/util/loaded.ts'

/** Which tenants a service may name. */
export interface Allowed {
  /** The one that the app asks anyway. */
  own: string
  /** Further ones, by their ids; `*` is all. */
  others: readonly string[]
}

/**
 * The authority to ask where a service names a tenant: undefined for the app's own. A service that the app does not belong with could name a
 * tenant of its own, and get a token that is good there.
 */
export async function authorityFor(
  app: ClientApplication,
  named: string | undefined,
  { own, others }: Allowed,
  call: RequestOptions,
): Promise<string | undefined> {
  const { authority } = contextOf(app)
  const { kind, url } = authority
  if (named === undefined || (kind !== 'entra' && kind !== 'ciam') || same(named, own)) return undefined
  // It becomes a part of a URL.
  if (!/^[\w.-]+$/.test(named)) throw new ClientConfigurationError('authority_invalid', 'The service names a tenant that is none.')
  if (others.some((tenant) => tenant === '*' || same(tenant, named))) return `${new URL(url).origin}/${named}`
  if (!authority.multiTenant && same(await idOf(app, authority, call), named)) return undefined
  throw new ClientConfigurationError(
    'authority_invalid',
    `The service names the tenant ${named}, which is not the app's. If that is right, list it in additionallyAllowedTenants.`,
  )
}

/** The id of a tenant that may be named by its domain: its token endpoint has it. */
async function idOf(app: ClientApplication, authority: Authority, options: RequestOptions): Promise<string> {
  const { protocolOf } = await loaded(import('../core/client/protocol.ts'))
  const context = contextOf(app)
  return (await protocolOf(context).metadataOf(authority, beginCall(context, options))).realm
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
