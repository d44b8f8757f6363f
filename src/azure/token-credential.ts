import type { ClientApplication } from '../core/client/client-application.ts'
import type { ConfidentialClientApplication } from '../core/client/confidential-client-application.ts'
import type { PublicClientApplication } from '../core/client/public-client-application.ts'
import { ClientConfigurationError } from '../core/errors.ts'
import type { AccountInfo, AppResult, TokenResult } from '../core/types.ts'
import { checkOptions } from '../core/util/check-options.ts'
import { guarded } from '../core/util/guarded.ts'
import { withSignal } from './abort-signal.ts'
import { type Ask, asApplication, asManagedIdentity, ofAccount, onBehalfOf } from './ask.ts'

/** A token, as the clients of the Azure SDK take it (`AccessToken` of `@azure/core-auth`). */
export interface AzureAccessToken {
  /** Goes into the `Authorization` header. */
  token: string
  /** Milliseconds since 1970. */
  expiresOnTimestamp: number
  /** Milliseconds since 1970: when the provider wants it renewed, where it says so. */
  refreshAfterTimestamp?: number
  /** How it is presented. */
  tokenType: 'Bearer' | 'pop'
}

/** What a client of the Azure SDK asks with (`GetTokenOptions` of `@azure/core-auth`). */
export interface GetAzureTokenOptions {
  /** Ends the wait. */
  abortSignal?: AbortSignalLike | undefined
  /** The claims that a service's challenge asks for, as JSON. */
  claims?: string | undefined
  /** The tenant that a service's challenge names, by its id. */
  tenantId?: string | undefined
  /** Whether the caller answers claims challenges. What counts is the app's `clientCapabilities: ['CP1']`, which is told with every request. */
  enableCae?: boolean | undefined
  /** What holds for the requests. */
  requestOptions?: {
    /** Milliseconds for one HTTP exchange; 0: the app's. */
    timeout?: number
  }
}

/** An `AbortSignal`, or what takes its place in older clients of the Azure SDK. */
export interface AbortSignalLike {
  /** Whether it has happened. */
  readonly aborted: boolean
  /** Has a listener called when it happens. */
  // biome-ignore lint/suspicious/noExplicitAny: as it is declared there
  addEventListener(type: 'abort', listener: (this: any, event: any) => any): void
  /** Takes the listener away. */
  // biome-ignore lint/suspicious/noExplicitAny: as it is declared there
  removeEventListener(type: 'abort', listener: (this: any, event: any) => any): void
}

/** What a client of the Azure SDK is constructed with: the shape of `TokenCredential` of `@azure/core-auth`. */
export interface AzureTokenCredential {
  /**
   * A token for the scopes of a service: from the cache while it is good.
   *
   * @throws AuthError of the app's own method; `InteractionRequiredAuthError` where the person has to sign in
   */
  getToken(scopes: string | string[], options?: GetAzureTokenOptions): Promise<AzureAccessToken>
}

/** A managed identity: `ManagedIdentityClient` of `msal-isomorphic/node`. */
export interface ManagedIdentityLike {
  /** A token for a resource. */
  acquireTokenForClient(options: { resource: string; claimsChallenge?: string; signal?: AbortSignal; timeout?: number }): Promise<AppResult>
}

/** Which tenants a service may name. */
interface TenantOptions {
  /**
   * The tenants that a service may name besides the app's own, by their ids; `*` stands for all. Default: none. A service that names another is
   * refused, for it could be one that somebody wants a token of his own tenant for.
   */
  additionallyAllowedTenants?: readonly string[]
}

/** Options of {@link toTokenCredential} for a service that calls as itself. */
export interface ApplicationCredentialOptions extends TenantOptions {
  /** Not together with a user assertion. */
  account?: undefined
  /** Not together with an account. */
  userAssertion?: undefined
}

/** Options of {@link toTokenCredential} for an API that calls on behalf of its caller. */
export interface OnBehalfOfCredentialOptions {
  /** The access token that the caller of this API presented. Make a credential for each. */
  userAssertion: string
}

/** Options of {@link toTokenCredential} for somebody who has signed in. */
export interface AccountCredentialOptions extends TenantOptions {
  /** Whose token: somebody who has signed in. */
  account: AccountInfo
  /** Shows the sign-in page, by the app's own `interaction`, where there is no other way. Default false: it rejects. */
  interactive?: boolean | undefined
}

/** Every kind of options. */
export type TokenCredentialOptions = ApplicationCredentialOptions | OnBehalfOfCredentialOptions | AccountCredentialOptions

/**
 * Lends an app to the clients of the Azure SDK, as their `TokenCredential`. All that an app does for its own callers it does for them: tokens
 * come from its cache and its store, and are renewed behind.
 *
 * - `toTokenCredential(confidentialApp)`: the service itself, `acquireTokenForClient`
 * - `toTokenCredential(confidentialApp, { userAssertion })`: on behalf of a caller, `acquireTokenOnBehalfOf`, in the app's own tenant alone
 * - `toTokenCredential(app, { account })`: somebody who has signed in, `acquireTokenSilent`. Where they have to sign in again it rejects with
 *   `InteractionRequiredAuthError`, or, with `interactive: true`, shows the page once for all who wait.
 * - `toTokenCredential(new ManagedIdentityClient())`: a managed identity, whose tenant is what it is
 *
 * A claims challenge passes over cached tokens. A tenant that a service names has to be the app's own, that of the account, or one of
 * `additionallyAllowedTenants`; an authority without tenants (AD FS, a generic provider) passes over the name.
 *
 * @throws ClientConfigurationError `invalid_argument`: the app cannot do what the options ask
 * @example
 * ```ts
 * import { BlobServiceClient } from '@azure/storage-blob'
 *
 * const app = new ConfidentialClientApplication({ clientId, authority, clientCredential, clientCapabilities: ['CP1'] })
 * const blobs = new BlobServiceClient('https://contoso.blob.core.windows.net', toTokenCredential(app))
 * ```
 */
export function toTokenCredential(
  app: ConfidentialClientApplication,
  options?: ApplicationCredentialOptions | OnBehalfOfCredentialOptions,
): AzureTokenCredential
export function toTokenCredential(app: PublicClientApplication, options: AccountCredentialOptions): AzureTokenCredential
export function toTokenCredential(app: ClientApplication, options: Omit<AccountCredentialOptions, 'interactive'>): AzureTokenCredential
export function toTokenCredential(app: ManagedIdentityLike): AzureTokenCredential
export function toTokenCredential(
  app: ClientApplication | ManagedIdentityLike,
  options: TokenCredentialOptions = {},
): AzureTokenCredential {
  checkOptions(options, /userAssertion (?!string)|account (?!object)|interactive (?!boolean)|Tenants (?!array)/)
  const ask = askOf(app, options)
  return {
    getToken: (scopes, options) =>
      guarded(() => {
        const { abortSignal, claims, tenantId, requestOptions } = options ?? {}
        return withSignal(abortSignal, async (signal) => {
          const { timeout = 0 } = requestOptions ?? {}
          const call = { ...(signal && { signal }), ...(timeout > 0 && { timeout }), ...(claims && { claimsChallenge: claims }) }
          return azureToken(await ask(typeof scopes === 'string' ? [scopes] : scopes, call, tenantId))
        })
      }),
  }
}

/** Which of the app's methods is asked. The types say the same; a program without them is told here. */
function askOf(app: unknown, options: TokenCredentialOptions): Ask {
  const can = (method: string) => typeof (app as Record<string, unknown> | null | undefined)?.[method] === 'function'
  if ('userAssertion' in options && options.userAssertion !== undefined) {
    if (can('acquireTokenOnBehalfOf')) return onBehalfOf(app as ConfidentialClientApplication, options.userAssertion)
  } else if (options.account?.homeAccountId) {
    const { account, interactive = false, additionallyAllowedTenants = [] } = options
    const shown = can('acquireTokenInteractive') || !interactive
    if (can('acquireTokenSilent') && shown)
      return ofAccount(app as PublicClientApplication, account, interactive, additionallyAllowedTenants)
  } else if (can('acquireTokenOnBehalfOf')) {
    return asApplication(app as ConfidentialClientApplication, (options as TenantOptions).additionallyAllowedTenants ?? [])
  } else if (can('acquireTokenForClient')) {
    return asManagedIdentity(app as ManagedIdentityLike)
  }
  throw new ClientConfigurationError('invalid_argument', 'This app cannot be a credential with these options: it may want an account.')
}

function azureToken({ accessToken, expiresOn, refreshOn, tokenType }: TokenResult): AzureAccessToken {
  return {
    token: accessToken,
    expiresOnTimestamp: expiresOn.getTime(),
    ...(refreshOn && { refreshAfterTimestamp: refreshOn.getTime() }),
    tokenType: /^pop$/i.test(tokenType) ? 'pop' : 'Bearer',
  }
}
