import type { AuthorityBuilder } from '../core/authority/authority-builder.ts'
import { accountInfo } from '../core/cache/account.ts'
import type { TokenCache } from '../core/cache/token-cache.ts'
import type { ClientTokenEvent } from '../core/cache/token-event.ts'
import type { AccountInfo } from '../core/types.ts'
import { encodeBase64UrlText } from '../core/util/base64url-encode.ts'
import { fakeHome, guid, multiTenants } from './fake-home.ts'
import { alice, FakePeople, type FakeUser, objectIdIn, subjectOf } from './fake-people.ts'
import { clientInfo } from './fake-tokens.ts'

/** Options of {@link seed}. */
export interface SeedOptions {
  /** That of the client that is to find the account. */
  clientId: string
  /** That of the client. Default `https://login.microsoftonline.com/common`. */
  authority?: string | URL | AuthorityBuilder
  /** That of the client, where it is of a generic provider. */
  oidcAuthority?: string | URL
  /** What the access token is for: `acquireTokenSilent` finds it for these, all or some. */
  scopes: readonly string[]
  /** Who has signed in. Default: Alice, `alice@contoso.example`. */
  user?: FakeUser
  /** Default: text that says what it is. */
  accessToken?: string
  /** Default: text that no provider knows; `provider.issueRefreshToken()` has one that the fake provider does. Null: none. */
  refreshToken?: string | null
  /** Milliseconds that the access token lives. Default 3 600 000. A token with less than 300 000 left is not served. */
  expiresIn?: number
  /** Milliseconds after which it is renewed behind its callers. Default: not before it is over. */
  refreshIn?: number
}

/**
 * Signs a user in without any provider: fills a cache, by way of its `add`, as a sign-in would have. `getAccounts` lists the account then, and
 * `acquireTokenSilent` finds its token without a request. The id token is made up; nobody can verify its signature.
 *
 * @throws ClientConfigurationError an authority of a kind that is not played here
 * @example
 * ```ts
 * const tokenCache = new TokenCache()
 * const account = await seed(tokenCache, { clientId, scopes: ['User.Read'], user: { username: 'mia@contoso.example' } })
 * const app = new PublicClientApplication({ clientId, tokenCache })
 * const result = await app.acquireTokenSilent({ scopes: ['User.Read'], account })
 * ```
 */
export async function seed(cache: TokenCache, options: SeedOptions): Promise<AccountInfo> {
  const { clientId, scopes, authority: named, oidcAuthority, refreshToken = 'seeded-refresh-token', refreshIn } = options
  const { authority, entra, issuer, metadata } = fakeHome({ authority: named, oidcAuthority })
  const user = new FakePeople([options.user ?? alice], authority.tenant).get(undefined)
  // A domain name stands for a tenant's id, which is what the token endpoint names.
  const byName = entra && !guid.test(authority.tenant) && !multiTenants.includes(authority.tenant)
  const tenant = byName ? user.tenantId : authority.tenant
  const tenantId = multiTenants.includes(tenant) ? user.tenantId : tenant
  const iat = Math.floor(Date.now() / 1000)
  const seconds = Math.floor((options.expiresIn ?? 3_600_000) / 1000)
  const platform = entra && { tid: tenantId, oid: objectIdIn(user, tenantId) }
  const person = { sub: subjectOf(user), preferred_username: user.username, name: user.name, ...platform, ...user.claims }
  const claims = { iss: issuer(tenantId), aud: clientId, iat, exp: iat + Math.max(seconds, 3600), ...person }
  const event: ClientTokenEvent = {
    clientId,
    scopes,
    tokenEndpoint: String(metadata(tenant, new URL(authority.url).origin).token_endpoint),
    environment: authority.host,
    [entra ? 'authority' : 'realm']: authority.url,
    grantType: 'authorization_code',
    response: {
      token_type: 'Bearer',
      access_token: options.accessToken ?? 'seeded-access-token',
      expires_in: seconds,
      ...(refreshIn !== undefined && { refresh_in: Math.floor(refreshIn / 1000) }),
      scope: ['openid', 'profile', ...scopes].join(' '),
      id_token: [{ alg: 'RS256', typ: 'JWT' }, claims, {}].map((part) => encodeBase64UrlText(JSON.stringify(part))).join('.'),
      ...(refreshToken !== null && { refresh_token: refreshToken }),
      ...(entra && { client_info: clientInfo(user) }),
    },
  }
  await cache.add(event)
  const owner = entra ? `${user.objectId}.${user.tenantId}` : claims.sub
  const [account] = await cache.find('Account', { home_account_id: owner, realm: entra ? tenantId : authority.tenant })
  return accountInfo(account as Parameters<typeof accountInfo>[0])
}
