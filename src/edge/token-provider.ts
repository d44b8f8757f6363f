/** Who issues access tokens: what is known of an authority, for all the requests that an isolate answers. */
import { type Authority, parseAuthority } from '../core/authority/authority.ts'
import { AZURE_CHINA, isMicrosoftHost } from '../core/authority/clouds.ts'
import { discover } from '../core/authority/discovery.ts'
import { isIssuer } from '../core/authority/issuer.ts'
import { endpoint, type Metadata } from '../core/authority/metadata.ts'
import { ClientAuthError, isAuthError } from '../core/errors.ts'
import type { Http } from '../core/http/document.ts'
import { createSend } from '../core/http/http-client.ts'
import type { IdTokenSignatureVerifier } from '../core/oauth/id-token-signature.ts'
import { decodeJwt } from '../core/oauth/jwt.ts'
import { fetchKeySet } from '../core/oauth/key-set.ts'
import { isYoung } from '../core/util/age.ts'
import { type Joint, jointly } from '../core/util/jointly.ts'
import { loaded } from '../core/util/loaded.ts'
import type { AccessTokenClaims, ValidateAccessTokenOptions } from './validate-access-token.ts'

export interface TokenProvider {
  /** Endpoints and issuer, good for a day. */
  metadata(): Promise<Metadata>
  /** Rejects where no key of the provider's has signed the token, or one that may not sign for its tenant. */
  verify(token: string, metadata: Metadata, claims: AccessTokenClaims): Promise<void>
}

const day = 24 * 3600_000
const maxProviders = 1000
const bounds = () => ({ timeout: 10_000 })

/** Public keys and addresses, and no promise: nothing of one request waits for another. */
const known = /* @__PURE__ */ new WeakMap<typeof fetch, Map<string, TokenProvider>>()

export function providerOf({ authority, knownAuthorities = [], fetch: send = fetch }: ValidateAccessTokenOptions): TokenProvider {
  const providers = known.get(send) ?? new Map<string, TokenProvider>()
  known.set(send, providers)
  const key = JSON.stringify([String(authority), knownAuthorities])
  let provider = providers.get(key)
  if (!provider) {
    provider = createProvider(readings(String(authority), knownAuthorities), send)
    for (const oldest of providers.keys()) if (providers.size >= maxProviders) providers.delete(oldest)
    providers.set(key, provider)
  }
  return provider
}

/** An address that is not Microsoft's is an OpenID provider's, or else a private cloud's. */
function readings(given: string, knownAuthorities: readonly string[]): Authority[] {
  const generic = parseAuthority({ oidcAuthority: given, knownAuthorities })
  const named = new URL(given).pathname.split('/')[1]
  if (!named && !isMicrosoftHost(generic.host) && !generic.host.endsWith('.ciamlogin.com')) return [generic]
  const microsoft = parseAuthority({ authority: given.replace(/\/v2\.0\/?$/, ''), validateAuthority: false, knownAuthorities })
  return microsoft.kind === 'entra' && !isMicrosoftHost(microsoft.host) ? [generic, microsoft] : [microsoft]
}

function createProvider(authorities: readonly Authority[], send: typeof fetch): TokenProvider {
  // No instance discovery: no credential is sent anywhere, and the developer named the host.
  const http: Http = { send: createSend(send) }
  const found: Joint & { metadata?: Metadata; at?: number } = {}
  const keyOwners = new Map<string, string[]>()
  let verifier: IdTokenSignatureVerifier | undefined

  async function find(): Promise<void> {
    for (const [index, authority] of authorities.entries()) {
      try {
        found.metadata = await discover(http, authority, false, bounds)
        found.at = Date.now()
        return
      } catch (error) {
        if (index === authorities.length - 1 || !isAuthError(error, 'metadata_invalid')) throw error
      }
    }
  }

  async function fetchKeys(url: string): Promise<Record<string, unknown>> {
    const json = await fetchKeySet(http, url, bounds())
    keyOwners.clear()
    for (const { kid, issuer } of Array.isArray(json.keys) ? json.keys.map(Object) : [])
      if (typeof kid === 'string' && typeof issuer === 'string') keyOwners.set(kid, [...(keyOwners.get(kid) ?? []), issuer])
    return json
  }

  return {
    async metadata() {
      if (!isYoung(found.at, day)) await jointly(found, find)
      return found.metadata!
    },
    async verify(token, { authority, document }, { tid }) {
      const { idTokenSignatureVerifier } = await loaded(import('../core/oauth/id-token-signature.ts'))
      verifier ??= idTokenSignatureVerifier()
      await verifier(token, { jwksUri: endpoint(authority, document, 'jwks_uri'), fetchJson: fetchKeys, name: 'access token' })
      if (authority.kind !== 'entra') return
      // Where one set has keys of several tenants, a key says whom it may sign for.
      const kid = decodeJwt(token)?.header.kid
      const owners = typeof kid === 'string' ? (keyOwners.get(kid) ?? []) : [...keyOwners.values()].flat()
      if (!owners.every((owner) => ['{tenantid}', tid].includes(owner.split('/')[3])))
        throw new ClientAuthError('issuer_mismatch', "The access token is signed with another tenant's key.")
    },
  }
}

/** Whether the token names the issuer that the metadata names, or the same tenant in the form of version 1.0; and the same tenant all over. */
export function isIssuerOf({ authority, issuer, document }: Metadata, { iss, tid }: AccessTokenClaims): boolean {
  if (typeof iss !== 'string') return false
  const accepted = [issuer]
  if (authority.kind === 'adfs' && typeof document.access_token_issuer === 'string') accepted.push(document.access_token_issuer)
  const entra = authority.kind === 'entra'
  if (entra && isMicrosoftHost(authority.host)) {
    const host = authority.cloud === AZURE_CHINA ? 'sts.chinacloudapi.cn' : 'sts.windows.net'
    accepted.push(`https://${host}/${issuer.split('/')[3]}/`)
  }
  return accepted.some((form) => isIssuer(form, iss)) && (!entra || iss.split('/')[3] === tid)
}
