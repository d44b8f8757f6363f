import { ClientConfigurationError } from '../errors.ts'
import type { Bounds } from '../http/deadline.ts'
import { getDocument, type Http } from '../http/http-cache.ts'
import { type Authority, parseUrl } from './authority.ts'
import { AZURE_PUBLIC, isMicrosoftHost } from './clouds.ts'
import { type Metadata, parseMetadata } from './metadata.ts'

const centralEndpoint = `https://${AZURE_PUBLIC}/common/discovery/instance`

/**
 * Learns an authority's endpoints. An unknown host is first looked up with the instance discovery endpoint, which says whether it
 * belongs to Microsoft's platform: a typing error must not send credentials to a stranger.
 *
 * @param exchange gives the bounds of each exchange
 */
export async function discover(
  http: Http,
  authority: Authority,
  instanceDiscovery: boolean | string,
  exchange: () => Bounds,
): Promise<Metadata> {
  let url = authority.discoveryUrl
  if (!authority.trusted && instanceDiscovery !== false) {
    const endpoint = parseUrl(typeof instanceDiscovery === 'string' ? instanceDiscovery : centralEndpoint, 'instanceDiscovery')
    endpoint.searchParams.set('authorization_endpoint', `${authority.url}/oauth2/v2.0/authorize`)
    endpoint.searchParams.set('api-version', '1.0')
    url = await getDocument(http, { url: endpoint.href, ...exchange() }, (document) => discoveryUrlOf(authority, document))
  }
  return getDocument(http, { url, ...exchange() }, (document, status) => {
    if (status >= 300) {
      throw new ClientConfigurationError(
        'metadata_invalid',
        `The authority has no discovery document (status ${status}): check the tenant's name.`,
      )
    }
    return parseMetadata(authority, document)
  })
}

function discoveryUrlOf({ discoveryUrl, host }: Authority, document: Record<string, unknown>): string {
  const url = document.tenant_discovery_endpoint
  if (typeof url !== 'string') {
    throw new ClientConfigurationError(
      'authority_unknown',
      `Instance discovery does not know ${host}. If you trust it, list it in knownAuthorities or set instanceDiscovery to false.`,
    )
  }
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : ({} as Partial<URL>)
  // It may name an alias of the host, never somebody else.
  if (url !== discoveryUrl && (protocol !== 'https:' || (hostname !== host && !isMicrosoftHost(hostname!)))) {
    throw new ClientConfigurationError('metadata_invalid', 'Instance discovery answered with another host.')
  }
  return url
}
