// One file, long by its documentation: each method is a few lines, and its comment is the reference that editors and the API docs show.
import type {
  AccountOptions,
  AccountsOptions,
  AuthCodeFlowOptions,
  AuthorizationCodeOptions,
  AuthorizationRequestUrlOptions,
  ClientApplicationOptions,
  InitiateAuthCodeFlowOptions,
  LogoutUrlOptions,
  RefreshTokenOptions,
  SilentOptions,
  UsernamePasswordOptions,
} from '../options.ts'
import type { AccountInfo, AuthCodeFlow, UserResult } from '../types.ts'
import { asAuthError, guarded } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import { contextOf, createContext, type Parts } from './context.ts'
import { perform, withPerson } from './perform.ts'

const signIn = () => import('./auth-code.ts')

/** What public and confidential clients share. (The manual, `ClientApplication`.) */
export abstract class ClientApplication {
  /** {@link ClientApplication.close}, for `await using`. Runtimes that have no such symbol have no such method. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>

  /** @internal */
  constructor(options: ClientApplicationOptions, parts?: Parts) {
    try {
      createContext(this, options, parts)
    } catch (error) {
      throw asAuthError(error)
    }
    // No method of a computed name: bundlers keep a class that has one, used or not.
    if (Symbol.asyncDispose) Object.defineProperty(this, Symbol.asyncDispose, { value: () => this.close() })
  }

  /**
   * The first half of a sign-in: keep what it resolves to in the person's session, and send the person to its `authUri`. The answer is
   * redeemed by {@link ClientApplication.acquireTokenByAuthCodeFlow}. PKCE, state and nonce are always on. (RFC 6749 section 4.1, RFC 7636.)
   *
   * @throws {@link ClientConfigurationError} bad options, or an authority that cannot be used; {@link NetworkError} discovery failed
   * @example
   * ```ts
   * const flow = await app.initiateAuthCodeFlow({ scopes: ['User.Read'], redirectUri: 'https://app.example/callback' })
   * session.flow = flow
   * return Response.redirect(flow.authUri)
   * ```
   */
  initiateAuthCodeFlow(options: InitiateAuthCodeFlowOptions): Promise<AuthCodeFlow> {
    return withPerson(this, ({ checkSignIn }) => {
      checkSignIn(options)
      return perform(this, options, signIn, 'beginSignIn')
    })
  }

  /**
   * The second half of a sign-in: checks the answer against its flow, redeems the code and stores the tokens. Use a flow once.
   *
   * @throws {@link ClientAuthError} the answer or its id token fails a check; {@link ServerError} the provider refused; {@link NetworkError}
   * @example
   * ```ts
   * const { account, accessToken } = await app.acquireTokenByAuthCodeFlow({ flow: session.flow, response: request.url })
   * ```
   */
  acquireTokenByAuthCodeFlow(options: AuthCodeFlowOptions): Promise<UserResult> {
    return perform(this, options, signIn, 'completeFlow')
  }

  /**
   * Redeems a code that was asked for with {@link ClientApplication.getAuthorizationRequestUrl} or elsewhere. Checking `state` is the caller's
   * part here; {@link ClientApplication.acquireTokenByAuthCodeFlow} does it for you. (The manual, `acquire_token_by_authorization_code`.)
   *
   * @throws {@link ClientAuthError} the id token fails a check; {@link ServerError} the provider refused; {@link NetworkError}
   * @example
   * ```ts
   * const result = await app.acquireTokenByAuthorizationCode({ code, scopes, redirectUri, nonce })
   * ```
   */
  acquireTokenByAuthorizationCode(options: AuthorizationCodeOptions): Promise<UserResult> {
    return perform(this, options, signIn, 'redeemCode')
  }

  /**
   * Where to send a person for an authorization code, without a record of the request: state, nonce and PKCE (`codeChallenge`) are yours. New
   * code uses {@link ClientApplication.initiateAuthCodeFlow}. (The manual, `get_authorization_request_url`; RFC 7636.)
   *
   * @throws {@link ClientConfigurationError} bad options, or an authority that cannot be used; {@link NetworkError} discovery failed
   * @example
   * ```ts
   * const url = await app.getAuthorizationRequestUrl({ scopes, state, nonce, redirectUri: 'https://app.example/callback' })
   * ```
   */
  getAuthorizationRequestUrl(options: AuthorizationRequestUrlOptions): Promise<string> {
    return perform(this, options, signIn, 'authorizationRequestUrl')
  }

  /**
   * Brings a refresh token from elsewhere into this cache: its owner is signed in here from then on. (The manual,
   * `acquire_token_by_refresh_token`.)
   *
   * @throws {@link InteractionRequiredAuthError} the provider refuses the token; {@link ServerError}; {@link NetworkError}
   * @example
   * ```ts
   * const { account } = await app.acquireTokenByRefreshToken({ refreshToken, scopes: ['User.Read'] })
   * ```
   */
  acquireTokenByRefreshToken(options: RefreshTokenOptions): Promise<UserResult> {
    return perform(this, options, () => import('./refresh.ts'), 'migrate')
  }

  /**
   * Signs a person in with name and password, through their company's AD FS where the account is federated. It meets no second factor and
   * trains people to type passwords into programs: prefer any other way. (RFC 6749 section 4.3; the manual,
   * `acquire_token_by_username_password`.)
   *
   * @throws {@link ServerError} `invalid_grant`: name or password is wrong; {@link InteractionRequiredAuthError}; {@link NetworkError}
   * @example
   * ```ts
   * const result = await app.acquireTokenByUsernamePassword({ username, password, scopes: ['User.Read'] })
   * ```
   */
  acquireTokenByUsernamePassword(options: UsernamePasswordOptions): Promise<UserResult> {
    return perform(this, options, () => import('./username-password.ts'), 'signInByPassword')
  }

  /**
   * A token from the cache, or by a cached refresh token; null where neither is there, or where the provider refuses the refresh token, so
   * that the person has to sign in. A token past its `refreshOn` is returned at once and renewed behind. (The manual, `acquire_token_silent`.)
   *
   * @throws {@link NetworkError} or {@link ServerError} of 429 and 5xx: the provider cannot answer now, and no valid token is cached
   * @example
   * ```ts
   * const [account] = await app.getAccounts()
   * const result = (await app.acquireTokenSilent({ scopes, account })) ?? (await app.acquireTokenInteractive({ scopes }))
   * ```
   */
  acquireTokenSilent(options: SilentOptions): Promise<UserResult | null> {
    return withPerson(this, ({ acquireIfAllowed }, context) => acquireIfAllowed(context, options))
  }

  /**
   * As {@link ClientApplication.acquireTokenSilent}, but a refusal is thrown: it tells why the person has to sign in, and what with.
   *
   * @throws {@link InteractionRequiredAuthError} with the `claims` for the next sign-in, where there are any
   * @example
   * ```ts
   * const result = await app.acquireTokenSilentWithError({ scopes, account })
   * ```
   */
  acquireTokenSilentWithError(options: SilentOptions): Promise<UserResult | null> {
    return withPerson(this, ({ acquireSilently }, context) => acquireSilently(context, options))
  }

  /**
   * The accounts that have signed in, one per home account; `username` is compared without regard to case. Makes no request.
   *
   * @example
   * ```ts
   * const [account] = await app.getAccounts({ username: 'mia@contoso.example' })
   * ```
   */
  getAccounts(query: AccountsOptions = {}): Promise<AccountInfo[]> {
    return withPerson(this, ({ accountsOf }, context) => accountsOf(context, query))
  }

  /**
   * One account by its home account id; null where it is not known. For servers, which know whose session it is.
   *
   * @example
   * ```ts
   * const account = await app.getAccount({ homeAccountId: session.homeAccountId })
   * ```
   */
  getAccount(query: AccountOptions): Promise<AccountInfo | null> {
    return withPerson(this, ({ accountOf }, context) => accountOf(context, query))
  }

  /**
   * Forgets an account: its entries, all clients' access and id tokens, and this client's and its family's refresh tokens, under every
   * alias of the cloud. One that is not there is no error. The provider is not told: {@link ClientApplication.getLogoutUrl} does that.
   *
   * @example
   * ```ts
   * await app.removeAccount(account)
   * ```
   */
  removeAccount(account: AccountInfo): Promise<void> {
    return guarded(async () => {
      const { forget } = await loaded(import('./forget.ts'))
      await forget(contextOf(this), account)
    })
  }

  /**
   * Where to send a person who signs out at the provider too (OpenID Connect RP-Initiated Logout 1.0). The account's id token goes along
   * as a hint, so call it before {@link ClientApplication.removeAccount}.
   *
   * @throws {@link ClientConfigurationError} `endpoint_missing`: the provider has no such endpoint
   * @example
   * ```ts
   * const url = await app.getLogoutUrl({ account, postLogoutRedirectUri: 'https://app.example/' })
   * ```
   */
  getLogoutUrl(options: LogoutUrlOptions = {}): Promise<string> {
    return perform(this, options, () => import('./logout-url.ts'), 'logoutUrl')
  }

  /**
   * Waits for requests that are under way although nobody waits for them any more, so that a process can end without losing a rotated
   * refresh token, and stops watching the store of the token cache: its next use begins again. Also called by `await using`.
   *
   * @example
   * ```ts
   * await app.close()
   * ```
   */
  close(): Promise<void> {
    return guarded(async () => {
      const { pending, memory } = contextOf(this)
      await Promise.all(pending)
      await memory.level?.close?.()
    })
  }
}
