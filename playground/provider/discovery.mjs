import { federationOf } from './federation.mjs'
import { tenantByDomain } from './tenants.mjs'

/** Turns oidc-provider's discovery document into Entra's. Shared names have no issuer of their own, hence `{tenantid}`. */
export function shapeDiscovery(document, { base, key, tenant }) {
  const { authorization_response_iss_parameter_supported: iss, ...rest } = document
  return {
    ...rest,
    issuer: tenant ? `${base}/${key}/v2.0` : `${base}/{tenantid}/v2.0`,
    // The answer of a shared name comes from a tenant that nobody knows yet, so it names no issuer.
    ...(tenant ? { authorization_response_iss_parameter_supported: iss } : {}),
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    response_types_supported: ['code'],
    http_logout_supported: true,
    tenant_region_scope: tenant ? 'EU' : null,
    cloud_instance_name: new URL(base).host,
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: 'graph.microsoft.com',
  }
}

/** The hosts of the worldwide cloud, for a provider that stands for it (`publicUrl`). */
const worldwide = ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net']

/** `GET /common/discovery/instance`: which hosts are one cloud. This one has a single host, unless it stands for the worldwide cloud. */
export function instanceDiscovery(url, base) {
  const { host } = new URL(base)
  const asked = URL.parse(url.searchParams.get('authorization_endpoint') ?? '')
  if (!asked || ![host, new URL(base).hostname].includes(asked.host)) return undefined
  const segment = asked.pathname.split('/')[1] || 'common'
  return {
    tenant_discovery_endpoint: `${base}/${segment}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [
      worldwide.includes(host)
        ? { preferred_network: worldwide[0], preferred_cache: worldwide[1], aliases: worldwide }
        : { preferred_network: host, preferred_cache: host, aliases: [host] },
    ],
  }
}

/** `GET /common/userrealm/{username}`: most people here have their password in the cloud, those of a federated domain at their company. */
export function userRealm(username, base) {
  const domain = username.split('@')[1] ?? ''
  const tenant = tenantByDomain(domain)
  return {
    ver: '1.0',
    account_type: tenant ? 'Managed' : 'Unknown',
    ...(tenant?.federatedDomain === domain.toLowerCase() ? federationOf(base) : {}),
    domain_name: domain,
    cloud_instance_name: new URL(base).host,
    cloud_audience_urn: 'urn:federation:MicrosoftOnline',
  }
}
