/** What is asked about a host that is not known. Loaded for such a one. */
import { ClientConfigurationError } from '../errors.ts'
import { type Authority, parseUrl } from './authority.ts'
import { AZURE_PUBLIC, isMicrosoftHost } from './clouds.ts'

const centralEndpoint = `https://${AZURE_PUBLIC}/common/discovery/instance`

/** Where an authority is looked up: at the central endpoint, unless the application names another. */
export function instanceUrl(authority: Authority, instanceDiscovery: true | string | undefined): string {
  const url = parseUrl(typeof instanceDiscovery === 'string' ? instanceDiscovery : centralEndpoint, 'instanceDiscovery')
  url.searchParams.set('authorization_endpoint', `${authority.url}/oauth2/v2.0/authorize`)
  url.searchParams.set('api-version', '1.0')
  return url.href
}

/** The address of the discovery document that instance discovery names. */
export function discoveryUrlOf({ discoveryUrl, host }: Authority, document: Record<string, unknown>): string {
  const url = document.tenant_discovery_endpoint
  if (typeof url !== 'string') {
    throw new ClientConfigurationError(
      'authority_unknown',
      `Instance discovery does not know ${host}. If you trust it, list it in knownAuthorities or set instanceDiscovery to false.`,
    )
  }
  // It may name an alias of the host, never somebody else, nor another server there.
  if (url !== discoveryUrl && !(URL.canParse(url) && isAlias(new URL(url), new URL(discoveryUrl)))) {
    throw new ClientConfigurationError('metadata_invalid', 'Instance discovery answered with another host.')
  }
  return url
}

const isAlias = ({ protocol, username, password, host }: URL, asked: URL): boolean =>
  protocol === 'https:' && !username && !password && (host === asked.host || isMicrosoftHost(host))
