// One file, long by its documentation: what a test can do with the provider, in one place to look up.
import type { AuthorityBuilder } from '../core/authority/authority-builder.ts'
import { answerOf, type FakeFault, FakeFaults, wait } from './fake-faults.ts'
import { FakeGrants } from './fake-grants.ts'
import { type FakeEndpoint, fakeHome } from './fake-home.ts'
import { fakeKeys } from './fake-keys.ts'
import { FakePages } from './fake-pages.ts'
import { alice, FakePeople, type FakeUser, type KnownUser } from './fake-people.ts'
import { FakeTokens } from './fake-tokens.ts'

/** Options of {@link fakeProvider}. */
export interface FakeProviderOptions {
  /** A tenant of Microsoft Entra ID, as your client has it. Default `https://login.microsoftonline.com/common`. */
  authority?: string | URL | AuthorityBuilder
  /** Plays a generic OpenID provider instead, as your client has it; exclusive with `authority`. */
  oidcAuthority?: string | URL
  /** Who can sign in; the first one does where nobody is named. Default: Alice, `alice@contoso.example`. */
  users?: readonly FakeUser[]
  /** Milliseconds that access and id tokens live. Default 3 600 000. */
  tokenLifetime?: number
  /** Milliseconds after which the provider wants an access token renewed. Default: it does not say. */
  refreshIn?: number
  /** A refresh token that was used is refused from then on. Default false, as at Microsoft Entra ID. */
  strictRotation?: boolean
}

/** A request that a fake provider was sent. */
export interface FakeRequest {
  /** Which endpoint it is for; undefined: none of this provider’s. */
  endpoint: FakeEndpoint | undefined
  /** The HTTP method. */
  method: string
  /** The whole URL. */
  url: URL
  /** The form of a POST, secrets and all. */
  form: Record<string, string>
  /** The headers. */
  headers: Headers
}

/** What a provider sends back to an application. */
export interface FakeAnswer {
  /** Where the person is sent: the redirect URI, with the parameters in the query or the fragment. With `form_post` they are in neither. */
  url: string
  /** The parameters of the authorization response. */
  parameters: Record<string, string>
  /** With `form_post` the parameters are posted to `url`. */
  method: 'GET' | 'POST'
}

/** Options of {@link FakeProvider.authorize}. */
export interface AuthorizeOptions {
  /** Who signs in: a name, or somebody new. Default: the one of `login_hint`, else the first. */
  user?: string | FakeUser
  /** The person refuses, or the provider: an OAuth error such as `access_denied`. */
  error?: string
}

/** Options of {@link FakeProvider.issueAccessToken}. */
export interface IssueAccessTokenOptions {
  /** The `aud` claim. Default: the resource of the first scope. */
  audience?: string
  /** The scopes of the token. */
  scopes?: readonly string[]
  /** Whose token it is; null: the application's own. Default: the first user. */
  user?: string | FakeUser | null
  /** The client that it was issued to (`azp`). Default `fake-client`. */
  clientId?: string
  /** Further claims, such as `roles`; they go over all others. */
  claims?: Record<string, unknown>
}

/**
 * An identity provider in this process: Microsoft Entra ID or a generic OpenID provider, for tests without a network. Its tokens are signed
 * (RS256), codes are used once and held against their PKCE challenge, and what a real provider refuses it refuses.
 *
 * Any client id is known, with any redirect URI and any secret. Users and tenants are those that you name; a user of one tenant is a guest in
 * every other. It serves the grants authorization code, refresh token, client credentials, device code, on-behalf-of and password.
 */
export class FakeProvider {
  /** What was asked, in its order. Empty it as you like: `provider.requests.length = 0`. */
  readonly requests: FakeRequest[] = []
  /** For the constructor of a client: the authority and the `fetch`. */
  readonly clientOptions: ({ authority: string } | { oidcAuthority: string }) & { fetch: typeof fetch }
  /**
   * For a client's `fetch` option, or in place of the global one. It rejects with a `TypeError`, as for a host that cannot be reached, where
   * a URL is not the provider's.
   */
  readonly fetch: typeof fetch
  /** Milliseconds that access and id tokens live from now on. */
  tokenLifetime: number
  /** Milliseconds after which the provider wants an access token renewed, from now on. */
  refreshIn: number | undefined
  readonly #people: FakePeople
  readonly #home
  readonly #tokens: FakeTokens
  readonly #grants: FakeGrants
  readonly #pages: FakePages
  readonly #faults = new FakeFaults()

  constructor({
    authority,
    oidcAuthority,
    users = [alice],
    tokenLifetime = 3_600_000,
    refreshIn,
    strictRotation = false,
  }: FakeProviderOptions = {}) {
    this.tokenLifetime = tokenLifetime
    this.refreshIn = refreshIn
    const home = fakeHome({ authority, oidcAuthority })
    const keys = fakeKeys()
    this.#home = home
    this.#people = new FakePeople(users, home.authority.tenant)
    this.#tokens = new FakeTokens(home, keys, this)
    this.#grants = new FakeGrants({ entra: home.entra, strictRotation }, this.#people, keys, this.#tokens)
    this.#pages = new FakePages(home, keys, this.#people, this.#grants, this.#tokens)
    this.fetch = async (input, init) => {
      const request = new Request(input, init)
      const response = await this.handle(request)
      // A rejection of `fetch` tells nobody why: the message is for whoever looks into the cause.
      if (!response) throw new TypeError(`The fake provider does not answer for ${new URL(request.url).origin}.`)
      request.signal.throwIfAborted()
      if (response.type === 'error') throw new TypeError('The fake provider was told to break the connection.')
      return response
    }
    this.clientOptions = { ...home.options, fetch: this.fetch }
  }

  /**
   * Answers a request; undefined, and the request untouched, where its URL is not the provider's. A connection that breaks is
   * `Response.error()`. This is all that a mocking library needs:
   *
   * @example
   * ```ts
   * import { http } from 'msw'
   * import { setupServer } from 'msw/node'
   *
   * const server = setupServer(http.all('*', ({ request }) => provider.handle(request)))
   * server.listen()
   * ```
   */
  async handle(request: Request): Promise<Response | undefined> {
    const url = new URL(request.url)
    const place = this.#home.placeOf(url)
    if (!place) return undefined
    const { method, headers, signal } = request
    const form = method === 'POST' ? Object.fromEntries(new URLSearchParams(await request.text())) : {}
    const { endpoint } = place
    this.requests.push({ endpoint, method, url, form, headers })
    if (!endpoint) return new Response('Not found', { status: 404 })
    const fault = this.#faults.take(endpoint)
    // Nobody waits for the answer of a request that is given up.
    if (fault?.delay && !(await wait(fault.delay, signal))) return Response.error()
    return (fault && answerOf(fault)) ?? this.#pages.answer(place, { url, form, headers })
  }

  /**
   * Does the person's part: answers an authorization request as the provider does once they have signed in.
   *
   * @param authUri the `authUri` of a flow, or wherever else your application has sent the person
   * @throws Error the request is none that a provider would take: the message says why
   * @example
   * ```ts
   * const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
   * const { parameters } = await provider.authorize(flow.authUri, { user: 'alice@contoso.example' })
   * const result = await app.acquireTokenByAuthCodeFlow({ flow, response: parameters })
   * ```
   */
  async authorize(authUri: string | URL, options: AuthorizeOptions = {}): Promise<FakeAnswer> {
    const { error = options.error } = this.#faults.take('authorize') ?? {}
    return this.#pages.authorize(new URL(authUri), { ...options, ...(error !== undefined && { error }) })
  }

  /** Signs a person in who was shown the user code of a device flow. Default: the first user. The next poll gets the tokens. */
  approveDevice(userCode: string, { user }: { user?: string | FakeUser } = {}): void {
    this.#pages.device(userCode).outcome = this.#people.get(user)
  }

  /** The person with the user code declines. */
  declineDevice(userCode: string): void {
    this.#pages.device(userCode).outcome = 'declined'
  }

  /** Adds a user, or takes the place of the one of that name: their next tokens hold the new claims. */
  addUser(user: FakeUser): void {
    this.#people.add(user)
  }

  /** Refuses the refresh tokens that a user, or anybody, has been given so far (`invalid_grant`): they have to sign in again. */
  revoke(username?: string): void {
    this.#grants.revoke(username && this.#people.get(username).username)
  }

  /**
   * Lets the next request to an endpoint fail, or wait; call it again for the one after. Discovery is asked once per client. Of a fault of
   * `authorize` the `error` counts in {@link FakeProvider.authorize} too.
   *
   * @example
   * ```ts
   * provider.failNext({ error: 'invalid_grant', body: { suberror: 'consent_required' } })
   * provider.failNext({ status: 429, headers: { 'retry-after': '30' } })
   * provider.failNext({ endpoint: 'discovery', lost: true })
   * ```
   */
  failNext(fault: FakeFault): void {
    this.#faults.add(fault)
  }

  /** Forgets the faults that have not come about. */
  clearFaults(): void {
    this.#faults.clear()
  }

  /**
   * A signed access token, to call your own API with, or to act on behalf of: `validateAccessToken` accepts it with this provider's `fetch`.
   *
   * @example
   * ```ts
   * const token = await provider.issueAccessToken({ audience: 'api://notes', scopes: ['Notes.Read'] })
   * ```
   */
  issueAccessToken({ audience, scopes = [], user, clientId = 'fake-client', claims }: IssueAccessTokenOptions = {}): Promise<string> {
    const person: KnownUser | undefined = user === null ? undefined : this.#people.get(user)
    const tenantId = this.#pages.tenantIdOf(this.#home.authority.tenant, person)
    return this.#tokens.accessToken({ clientId, scopes, tenantId, user: person, audience, extra: claims })
  }

  /** A refresh token of a user, as an earlier sign-in at this client would have left it. */
  issueRefreshToken({ clientId, user }: { clientId: string; user?: string | FakeUser }): string {
    return this.#grants.issueRefreshToken(this.#people.get(user), clientId)
  }
}

/**
 * Makes a {@link FakeProvider}.
 *
 * @throws ClientConfigurationError `authority_invalid`: it is neither of Microsoft Entra ID nor of a generic OpenID provider; `invalid_argument`
 * @example
 * ```ts
 * const provider = fakeProvider({ users: [{ username: 'mia@contoso.example', claims: { roles: ['Editor'] } }] })
 * const app = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction: fakeInteraction(provider) })
 * const { account } = await app.acquireTokenInteractive({ scopes: ['User.Read'] })
 * ```
 */
export const fakeProvider = (options: FakeProviderOptions = {}): FakeProvider => new FakeProvider(options)
