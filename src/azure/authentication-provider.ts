import type { ClientApplication } from '../core/client/client-application.ts'
import type { ConfidentialClientApplication } from '../core/client/confidential-client-application.ts'
import type { PublicClientApplication } from '../core/client/public-client-application.ts'
import { checkOptions } from '../core/util/check-options.ts'
import {
  type AccountCredentialOptions,
  type ApplicationCredentialOptions,
  type ManagedIdentityLike,
  type OnBehalfOfCredentialOptions,
  type TokenCredentialOptions,
  toTokenCredential,
} from './token-credential.ts'

/** What a call of the Microsoft Graph client may ask with, by its `AuthenticationHandlerOptions`. */
export interface GraphTokenOptions {
  /** Default: those of {@link toAuthenticationProvider}. */
  scopes?: string[] | undefined
  /** The claims that a challenge of Graph asks for, as JSON: `parseClaimsChallenge(error.headers)` has them. */
  claims?: string | undefined
  /** Ends the wait. */
  abortSignal?: AbortSignal | undefined
}

/** What the Microsoft Graph client is initialised with: the shape of its `AuthenticationProvider`. */
export interface GraphAuthenticationProvider {
  /**
   * A token for the scopes: from the cache while it is good.
   *
   * @throws AuthError of the app's own method; `InteractionRequiredAuthError` where the person has to sign in
   */
  getAccessToken(options?: GraphTokenOptions): Promise<string>
}

/** What {@link toAuthenticationProvider} takes besides the options of `toTokenCredential`. */
export interface GraphScopeOptions {
  /** What a call asks for that names no scopes of its own. Default `https://graph.microsoft.com/.default`; other clouds have other hosts. */
  scopes?: readonly string[] | undefined
}

/**
 * Lends an app to the Microsoft Graph client, as its `AuthenticationProvider`. Who the tokens are for is said as for `toTokenCredential`.
 *
 * @throws ClientConfigurationError `invalid_argument`: the app cannot do what the options ask
 * @example
 * ```ts
 * import { Client } from '@microsoft/microsoft-graph-client'
 *
 * const graph = Client.initWithMiddleware({ authProvider: toAuthenticationProvider(app, { account, scopes: ['User.Read'] }) })
 * const me = await graph.api('/me').get()
 * ```
 */
export function toAuthenticationProvider(
  app: ConfidentialClientApplication,
  options?: (ApplicationCredentialOptions | OnBehalfOfCredentialOptions) & GraphScopeOptions,
): GraphAuthenticationProvider
export function toAuthenticationProvider(
  app: PublicClientApplication,
  options: AccountCredentialOptions & GraphScopeOptions,
): GraphAuthenticationProvider
export function toAuthenticationProvider(
  app: ClientApplication,
  options: Omit<AccountCredentialOptions, 'interactive'> & GraphScopeOptions,
): GraphAuthenticationProvider
export function toAuthenticationProvider(app: ManagedIdentityLike, options?: GraphScopeOptions): GraphAuthenticationProvider
export function toAuthenticationProvider(
  app: ClientApplication | ManagedIdentityLike,
  given: TokenCredentialOptions & GraphScopeOptions = {},
): GraphAuthenticationProvider {
  checkOptions(given, /scopes (?!array)/)
  const { scopes: usual = ['https://graph.microsoft.com/.default'], ...options } = given
  // Its overloads are those above.
  const credential = toTokenCredential(app as never, options as never)
  return {
    async getAccessToken({ scopes = [...usual], ...request } = {}) {
      return (await credential.getToken(scopes, request)).token
    },
  }
}
