import { isRegion } from '../authority/region-name.ts'
import { ClientConfigurationError } from '../errors.ts'
import { clientAuthentication } from '../oauth/client-assertion.ts'
import type { ClientCredentialsOptions, ConfidentialClientOptions, OnBehalfOfOptions } from '../options.ts'
import type { AppResult, UserResult } from '../types.ts'
import { guarded } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import { acquireForClient } from './app-token.ts'
import { ClientApplication } from './client-application.ts'
import { contextOf } from './context.ts'
import { acquireTogether, renew } from './flights.ts'
import { perform } from './perform.ts'

/**
 * A client that can keep a secret: a web app, an API, a daemon. (The manual, `ConfidentialClientApplication`.)
 *
 * @example
 * ```ts
 * const app = new ConfidentialClientApplication({
 *   clientId,
 *   authority: 'https://login.microsoftonline.com/contoso.com',
 *   clientCredential: { privateKey: pem, publicCertificate },
 * })
 * const { accessToken } = await app.acquireTokenForClient({ scopes: ['https://graph.microsoft.com/.default'] })
 * ```
 */
export class ConfidentialClientApplication extends ClientApplication {
  /** @throws {@link ClientConfigurationError} the options cannot be right; `credential_invalid`: the credential cannot */
  constructor(options: ConfidentialClientOptions) {
    const { clientId, clientCredential, clientClaims, azureRegion } = (options ?? {}) as ConfidentialClientOptions
    if (typeof azureRegion === 'string' && !isRegion(azureRegion)) {
      throw new ClientConfigurationError('invalid_argument', 'azureRegion must be a name like westus2.')
    }
    const authentication = clientAuthentication({ clientId, credential: clientCredential, clientClaims })
    super(options, { authentication, flights: { acquireTogether, renew }, person: () => import('./persons.ts') })
  }

  /**
   * A token for the application itself, from the cache or from the provider. `authority` names another tenant than the client's.
   * (RFC 6749 section 4.4; the manual, `acquire_token_for_client`.)
   *
   * @throws {@link ServerError} the provider refused; {@link ClientConfigurationError} bad options; {@link NetworkError}
   * @example
   * ```ts
   * const { accessToken, expiresOn } = await app.acquireTokenForClient({ scopes: ['https://graph.microsoft.com/.default'] })
   * ```
   */
  acquireTokenForClient(options: ClientCredentialsOptions): Promise<AppResult> {
    return guarded(() => acquireForClient(contextOf(this), options))
  }

  /**
   * A token for another API, on behalf of the user whose access token a caller presented: from the cache under that very token, by its
   * refresh token, or by the token itself. (RFC 7523 section 2.1; the manual, `acquire_token_on_behalf_of`.)
   *
   * @throws {@link InteractionRequiredAuthError} hand its `claims` to the caller as a challenge; {@link ServerError}; {@link NetworkError}
   * @example
   * ```ts
   * const { accessToken } = await app.acquireTokenOnBehalfOf({ userAssertion, scopes: ['https://graph.microsoft.com/User.Read'] })
   * ```
   */
  acquireTokenOnBehalfOf(options: OnBehalfOfOptions): Promise<UserResult> {
    return perform(this, options, () => import('./on-behalf-of.ts'), 'acquireOnBehalfOf')
  }

  /**
   * Forgets all tokens that this application has got for itself, in every tenant of its cloud, or in its realm of a generic provider. (The manual, `remove_tokens_for_client`.)
   *
   * @example
   * ```ts
   * await app.removeTokensForClient()
   * ```
   */
  removeTokensForClient(): Promise<void> {
    return guarded(async () => {
      const { forgetClient } = await loaded(import('./forget.ts'))
      await forgetClient(contextOf(this))
    })
  }
}
