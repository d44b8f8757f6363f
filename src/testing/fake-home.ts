import { type Authority, type AuthorityOptions, parseAuthority } from '../core/authority/authority.ts'
import { AZURE_PUBLIC, cloudOf } from '../core/authority/clouds.ts'
import { ClientConfigurationError } from '../core/errors.ts'

/** The endpoints of a provider, by what they do. */
export type FakeEndpoint = 'discovery' | 'instance' | 'keys' | 'authorize' | 'token' | 'device' | 'logout' | 'realm'

/** What a URL means to a provider. */
export interface FakePlace {
  /** Undefined: on the provider's host, but no page of it. */
  endpoint: FakeEndpoint | undefined
  /** As it stands in the URL; empty at a generic provider. */
  tenant: string
  /** The host that was asked: those of one cloud answer alike. */
  origin: string
}

/** Where a provider is, and what it looks like from outside. */
export interface FakeHome {
  /** Microsoft's platform, as against a generic OpenID provider. */
  entra: boolean
  /** As the option of a client has it. */
  options: { authority: string } | { oidcAuthority: string }
  authority: Authority
  /** Undefined for a URL elsewhere. */
  placeOf(url: URL): FakePlace | undefined
  /** The issuer of tokens, for a tenant by its id, or `{tenantid}`. */
  issuer(tenantId: string): string
  /** The discovery document (OpenID Connect Discovery 3). `tenant` is an id, or `common` and its like. */
  metadata(tenant: string, origin: string): Record<string, unknown>
}

export const multiTenants: readonly string[] = ['common', 'organizations', 'consumers']
/** A tenant's id, as against its domain name. */
export const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
/** The tenant of all personal accounts. */
export const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** @throws ClientConfigurationError as a client does for such an authority, or because it is of a kind that is not played here */
export function fakeHome(options: Pick<AuthorityOptions, 'authority' | 'oidcAuthority'>): FakeHome {
  const authority = parseAuthority(options)
  if (authority.kind === 'oidc') return oidcHome(authority)
  if (authority.kind === 'entra') return entraHome(authority)
  throw new ClientConfigurationError('authority_invalid', 'Only Microsoft Entra ID and generic OpenID providers can be played.')
}

const capabilities = {
  response_types_supported: ['code'],
  response_modes_supported: ['query', 'fragment', 'form_post'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  code_challenge_methods_supported: ['S256'],
  scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
}

const entraPaths: [RegExp, FakeEndpoint][] = [
  [/^v2\.0\/\.well-known\/openid-configuration$/, 'discovery'],
  [/^discovery\/instance$/, 'instance'],
  [/^discovery\/v2\.0\/keys$/, 'keys'],
  [/^oauth2\/v2\.0\/authorize$/, 'authorize'],
  [/^oauth2\/v2\.0\/token$/, 'token'],
  [/^oauth2\/v2\.0\/devicecode$/, 'device'],
  [/^oauth2\/v2\.0\/logout$/, 'logout'],
  [/^userrealm\//i, 'realm'],
]

function entraHome(authority: Authority): FakeHome {
  const { url, host, cloud } = authority
  const { origin: home } = new URL(url)
  const issuer = (tenantId: string) => `${home.replace(host, cloud)}/${tenantId}/v2.0`
  return {
    entra: true,
    options: { authority: url },
    authority,
    placeOf({ origin, hostname, pathname }) {
      const [, first = '', rest = ''] = /^\/([^/]*)\/?(.*)$/.exec(pathname)!
      const endpoint = entraPaths.find(([path]) => path.test(rest))?.[1]
      const regional = hostname.endsWith('.login.microsoft.com') && cloud === AZURE_PUBLIC
      // An unknown host is looked up at the central one.
      const ours = origin === home || cloudOf(hostname) === cloud || regional || (hostname === AZURE_PUBLIC && endpoint === 'instance')
      return ours ? { endpoint, tenant: first, origin } : undefined
    },
    issuer,
    metadata(asked, origin) {
      const root = `${origin}/${asked}`
      const issuing = asked === 'consumers' ? consumers : multiTenants.includes(asked) ? '{tenantid}' : asked
      return {
        ...capabilities,
        issuer: issuer(issuing),
        authorization_endpoint: `${root}/oauth2/v2.0/authorize`,
        token_endpoint: `${root}/oauth2/v2.0/token`,
        device_authorization_endpoint: `${root}/oauth2/v2.0/devicecode`,
        end_session_endpoint: `${root}/oauth2/v2.0/logout`,
        jwks_uri: `${root}/discovery/v2.0/keys`,
        request_uri_parameter_supported: false,
        tenant_region_scope: null,
        cloud_instance_name: 'microsoftonline.com',
      }
    },
  }
}

function oidcHome(authority: Authority): FakeHome {
  const { url: root, issuers } = authority
  const issuer = issuers.at(-1)!
  const base = new URL(`${root}/`)
  const paths: Record<string, FakeEndpoint> = {
    '.well-known/openid-configuration': 'discovery',
    keys: 'keys',
    authorize: 'authorize',
    token: 'token',
    device: 'device',
    logout: 'logout',
  }
  return {
    entra: false,
    options: { oidcAuthority: issuer },
    authority,
    placeOf({ origin, pathname }) {
      if (origin !== base.origin || !pathname.startsWith(base.pathname)) return undefined
      return { endpoint: paths[pathname.slice(base.pathname.length)], tenant: '', origin }
    },
    issuer: () => issuer,
    metadata: () => ({
      ...capabilities,
      issuer,
      authorization_endpoint: `${root}/authorize`,
      token_endpoint: `${root}/token`,
      device_authorization_endpoint: `${root}/device`,
      end_session_endpoint: `${root}/logout`,
      jwks_uri: `${root}/keys`,
    }),
  }
}
