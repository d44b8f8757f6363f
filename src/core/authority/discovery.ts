import { ClientConfigurationError } from '../errors.ts'
import { fetchDocument, type Http } from '../http/document.ts'
import type { Bounds } from '../util/deadline.ts'
import { loaded } from '../util/loaded.ts'
import type { Authority } from './authority.ts'
import { type Metadata, parseMetadata } from './metadata.ts'

/**
 * Learns an authority's endpoints. An unknown host is first looked up with the instance discovery endpoint, which says whether it
 * belongs to Microsoft's platform: a typing error must not send credentials to a stranger.
 *
 * @param exchange gives the bounds of each exchange
 */
export async function discover(
  http: Http,
  authority: Authority,
  instanceDiscovery: boolean | string | undefined,
  exchange: () => Bounds,
): Promise<Metadata> {
  const get: typeof fetchDocument = http.cache ? (await loaded(import('../http/http-cache.ts'))).getDocument : fetchDocument
  let url = authority.discoveryUrl
  if (!authority.trusted && instanceDiscovery !== false) {
    const { discoveryUrlOf, instanceUrl } = await loaded(import('./instance-discovery.ts'))
    const instance = instanceUrl(authority, instanceDiscovery)
    url = await get(http, { url: instance, ...exchange() }, (document) => discoveryUrlOf(authority, document))
  }
  return get(http, { url, ...exchange() }, (document, status) => {
    if (status >= 300) {
      throw new ClientConfigurationError('metadata_invalid', `No discovery document (status ${status}): is the authority right?`)
    }
    return parseMetadata(authority, document)
  })
}
