import { ClientConfigurationError } from '../errors.ts'
import type { Http } from '../http/document.ts'
import { getDocument } from '../http/http-cache.ts'
import { isServer } from '../platform.ts'
import type { Bounds } from '../util/deadline.ts'
import type { Authority } from './authority.ts'

/** Where a person signs in whose company keeps the passwords to itself. The addresses are as the realm names them: not checked yet. */
export interface Federation {
  /** Of the company's WS-MetadataExchange document. */
  metadataUrl?: string
  /** Of its WS-Trust endpoint, where no document describes it. */
  activeUrl?: string
  /** Whom the company's assertion is for. */
  audience: string
}

const kept = ['account_type', 'federation_metadata_url', 'federation_active_auth_url', 'cloud_audience_urn']

/** The hosts, by client, that have said that they know no realms. */
const realmless = /* @__PURE__ */ new WeakMap<Http, Set<string>>()

/** Asks the platform who keeps a person's password; undefined where it does so itself. */
export async function findFederation(http: Http, authority: Authority, username: string, bounds: Bounds): Promise<Federation | undefined> {
  const { origin } = new URL(authority.url)
  const known = realmless.get(http) ?? new Set()
  realmless.set(http, known)
  if (known.has(origin)) return undefined
  const headers: Record<string, string> = { accept: 'application/json' }
  if (bounds.correlationId && isServer()) headers['client-request-id'] = bounds.correlationId
  const url = `${origin}/common/userrealm/${encodeURIComponent(username)}?api-version=1.0`
  return getDocument(http, { ...bounds, url, headers, kept }, (realm, status) => {
    if (status === 404) known.add(origin)
    else if (status >= 400) {
      throw new ClientConfigurationError('metadata_invalid', `The authority does not tell the person's realm (status ${status}).`, bounds)
    } else if (isText(realm.account_type) && realm.account_type.toLowerCase() === 'federated') return federationOf(realm)
    return undefined
  })
}

function federationOf(realm: Record<string, unknown>): Federation {
  const { federation_metadata_url: metadataUrl, federation_active_auth_url: activeUrl, cloud_audience_urn: audience } = realm
  return {
    ...(isText(metadataUrl) && { metadataUrl }),
    ...(isText(activeUrl) && { activeUrl }),
    audience: isText(audience) ? audience : 'urn:federation:MicrosoftOnline',
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
