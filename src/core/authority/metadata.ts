import { ClientConfigurationError } from '../errors.ts'
import { type Authority, isLoopback, tenantOf } from './authority.ts'
import { cloudOf, isMicrosoftHost } from './clouds.ts'

/** A checked discovery document (OpenID Connect Discovery 3). */
export interface Metadata {
  authority: Authority
  /** May hold `{tenantid}`, which the token's `tid` fills. */
  issuer: string
  authorizationEndpoint: string
  tokenEndpoint: string
  /** The tenant segment of the token endpoint. */
  realm: string
  document: Record<string, unknown>
}

const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'
export const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** Checks a discovery document against the authority that it was asked under. */
export function parseMetadata(authority: Authority, document: Record<string, unknown>): Metadata {
  const issuer = document.issuer
  const tokenEndpoint = endpoint(authority, document, 'token_endpoint', 'metadata_invalid')
  if (typeof issuer !== 'string' || !issuerFits(authority, issuer, tokenEndpoint)) {
    throw invalid('The issuer is not the authority.')
  }
  return {
    authority,
    issuer,
    authorizationEndpoint: endpoint(authority, document, 'authorization_endpoint', 'metadata_invalid'),
    tokenEndpoint,
    realm: tenantOf(tokenEndpoint),
    document,
  }
}

/**
 * The address of an endpoint, checked: it is where the authority is, at Microsoft, or on a host that the caller named. An OpenID provider, whose
 * document has to name the very issuer that was asked, may have its endpoints on any host with a name (Google has), but on no bare address.
 */
export function endpoint(
  authority: Authority,
  document: Record<string, unknown>,
  name: string,
  absent: 'metadata_invalid' | 'endpoint_missing' = 'endpoint_missing',
): string {
  const value = document[name]
  if (value == null) throw new ClientConfigurationError(absent, `The provider names no ${name}.`)
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const home = new URL(authority.url)
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && home.protocol === 'http:' && isLoopback(url.hostname))
  if (!url || !secure || url.username || url.password) throw invalid(`The provider's ${name} is not a usable https URL.`)
  const elsewhere = !sameSite(home.hostname, url.hostname) && !isMicrosoftHost(url.hostname) && !authority.knownHosts.includes(url.host)
  if (elsewhere && !(authority.kind === 'oidc' && isName(url.hostname))) {
    throw invalid(`The provider's ${name} is on ${url.host}. Is it in knownAuthorities?`)
  }
  return url.href
}

/** Whether two hosts share a registrable name, taken as their last two labels (three where the second is a short one, as in `co.uk`). */
function sameSite(a: string, b: string): boolean {
  return a === b || (isName(a) && isName(b) && site(a) === site(b))
}

const isName = (host: string) => host.includes('.') && /[a-z]/.test(host.slice(host.lastIndexOf('.') + 1))

const site = (host: string) => {
  const labels = host.split('.')
  return labels.slice((labels.at(-2) ?? '').length <= 3 && labels.length > 2 ? -3 : -2).join('.')
}

function issuerFits(authority: Authority, issuer: string, tokenEndpoint: string): boolean {
  if (authority.issuers.includes(issuer)) return true
  if (authority.kind === 'oidc' || !URL.canParse(issuer)) return false
  const { host, hostname, protocol } = new URL(issuer)
  const home = new URL(authority.url)
  if (protocol !== home.protocol) return false
  const tenant = issuer.split('/')[3] ?? ''
  const realm = tenantOf(tokenEndpoint)
  if (authority.kind === 'adfs' || authority.kind === 'b2c') return host === home.host
  if (authority.kind === 'ciam') return host === home.host || (hostname.endsWith('.ciamlogin.com') && tenant === realm)
  if (authority.multiTenant) {
    const expected = tenant === '{tenantid}' || (tenant === consumers && authority.tenant.toLowerCase() === 'consumers')
    return expected && cloudOf(hostname) === authority.cloud && (isMicrosoftHost(hostname) || host === home.host)
  }
  // A domain name stands for a tenant id, which issuer and token endpoint must agree on, unless the endpoint repeats the name.
  return (
    isMicrosoftHost(hostname) &&
    cloudOf(hostname) === authority.cloud &&
    guid.test(tenant) &&
    (guid.test(authority.tenant) ? tenant === authority.tenant.toLowerCase() : realm === tenant || realm === authority.tenant)
  )
}

const invalid = (message: string) => new ClientConfigurationError('metadata_invalid', message)
