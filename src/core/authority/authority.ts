import { ClientConfigurationError } from '../errors.ts'
import { invalidArgument } from '../util/invalid-argument.ts'
import type { AuthorityBuilder } from './authority-builder.ts'
import { AZURE_PUBLIC, cloudOf, isMicrosoftHost } from './clouds.ts'

export type AuthorityKind = 'entra' | 'adfs' | 'b2c' | 'ciam' | 'oidc'

/** Where tokens come from, as far as its URL tells. */
export interface Authority {
  kind: AuthorityKind
  /** Origin and path, without a slash at the end. */
  url: string
  /** Lower case, without the port: the `environment` of cache entries. */
  host: string
  /** The cloud that the host belongs to; else the host. */
  cloud: string
  /** As typed; of a generic provider, which may have many on one host, its URL. */
  tenant: string
  /** The tenant is one of those that stand for "the user's own". */
  multiTenant: boolean
  /** The issuer that an exact comparison expects: what discovery is asked under. */
  issuers: readonly string[]
  discoveryUrl: string
  /** Its host is known or trusted, so that instance discovery has nothing to add. */
  trusted: boolean
  /** Further hosts that its endpoints may be on. */
  knownHosts: readonly string[]
}

export interface AuthorityOptions {
  authority?: string | URL | AuthorityBuilder | undefined
  oidcAuthority?: string | URL | undefined
  validateAuthority?: boolean | undefined
  knownAuthorities?: readonly string[] | undefined
}

const multiTenants = ['common', 'organizations', 'consumers']
const b2cHosts = /\.b2clogin\.(com|cn|us|de)$/

export const isMultiTenant = (tenant: string): boolean => multiTenants.includes(tenant.toLowerCase())

export const isLoopback = (host: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(host)

/** The first path segment: the tenant, or `adfs`. */
export const tenantOf = (url: string): string => new URL(url).pathname.split('/')[1] ?? ''

/** Reads an `authority` or `oidcAuthority` option; no request is made. */
export function parseAuthority({ authority, oidcAuthority, validateAuthority = true, knownAuthorities = [] }: AuthorityOptions): Authority {
  if (authority && oidcAuthority) throw invalidArgument('Give authority or oidcAuthority, not both.')
  const given = String(oidcAuthority ?? authority ?? `https://${AZURE_PUBLIC}/common`)
  const url = parseUrl(given, 'authority')
  const host = url.hostname
  const segments = url.pathname.split('/').slice(1)
  const kind = oidcAuthority ? 'oidc' : kindOf(host, segments)
  let root = url.origin + url.pathname.replace(/\/+$/, '')
  let tenant = kind === 'oidc' ? root : segments[0]!
  if (!tenant && kind === 'ciam') {
    tenant = `${host.slice(0, -'.ciamlogin.com'.length)}.onmicrosoft.com`
    root += `/${tenant}`
  }
  if (!tenant) throw invalid('The authority names no tenant.')
  const asked = kind === 'adfs' || kind === 'oidc' ? root : `${root}/v2.0`
  return {
    kind,
    url: root,
    host,
    cloud: cloudOf(host),
    tenant,
    multiTenant: kind === 'entra' && isMultiTenant(tenant),
    // A generic provider's issuer may end with a slash, which discovery has to drop (OpenID Connect Discovery 4.1).
    issuers: kind === 'oidc' ? [asked, given] : [asked],
    discoveryUrl: `${asked}/.well-known/openid-configuration${url.search}`,
    trusted: kind !== 'entra' || !validateAuthority || isMicrosoftHost(host) || knownAuthorities.includes(url.host),
    knownHosts: knownAuthorities,
  }
}

/** Reads a URL that the caller configured. */
export function parseUrl(text: string, name: string): URL {
  const url = URL.canParse(text) && new URL(text)
  if (!url || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))))
    throw invalid(`${name} must be an https URL; http is for loopback hosts only.`)
  if (url.username || url.password) throw invalid(`${name} must hold no credentials.`)
  return url
}

function kindOf(host: string, segments: readonly string[]): AuthorityKind {
  const [first, second, third] = segments.map((segment) => segment.toLowerCase())
  if (host.endsWith('.ciamlogin.com')) return 'ciam'
  if (first === 'adfs') return 'adfs'
  return b2cHosts.test(host) || (first === 'tfp' ? third : second)?.startsWith('b2c_') ? 'b2c' : 'entra'
}

const invalid = (message: string) => new ClientConfigurationError('authority_invalid', message)
