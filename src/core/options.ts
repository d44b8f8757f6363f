// One file, long as it is: what users pass, in one place to look up.
import type { AuthorityBuilder } from './authority/authority-builder.ts'
import type { TokenCache } from './cache/token-cache.ts'
import type { AuthorizationResponse, HttpCache, Interaction, Logger, ResponseMode } from './ports.ts'
import type { AccountInfo, AuthCodeFlow, DeviceCodeFlow } from './types.ts'

/** What every call takes besides its own options. */
export interface RequestOptions {
  /** Aborted: the call rejects with `NetworkError` `aborted`; other callers that wait for the same request go on, and a refresh already sent is still stored. */
  signal?: AbortSignal | undefined
  /** Milliseconds for one HTTP exchange, headers and body. Default: the client's. */
  timeout?: number | undefined
  /** Sent to the provider as `client-request-id`, and found again in results and errors. Default: a random UUID. */
  correlationId?: string | undefined
  /** A Worker's `ctx.waitUntil`: keeps it alive while a token is renewed behind the answer. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
  /** Added to the token URL, and to the authorize URL of methods that build one. Cannot override a protocol parameter. */
  extraQueryParameters?: Record<string, string> | undefined
  /** Added to the token request's form. Cannot override a protocol parameter. */
  extraBodyParameters?: Record<string, string> | undefined
}

/** What both clients are constructed with. */
export interface ClientApplicationOptions {
  /** The application (client) id of your registration. */
  clientId: string
  /** A URL such as `https://login.microsoftonline.com/contoso.com`. Default `https://login.microsoftonline.com/common`. */
  authority?: string | URL | AuthorityBuilder | undefined
  /** The issuer URL of any OpenID provider, without `/.well-known/…`; exclusive with `authority`. */
  oidcAuthority?: string | URL | undefined
  /** Whether an unknown host is checked with the instance discovery endpoint. Default true. */
  validateAuthority?: boolean | undefined
  /** `false` never contacts the central endpoint; a string is a custom one. Default true. */
  instanceDiscovery?: boolean | string | undefined
  /** Hosts, not URLs (`login.example`, and with the port where it is not 443), that are trusted without instance discovery, also as hosts of a provider's endpoints. */
  knownAuthorities?: readonly string[] | undefined
  /** Where tokens are kept. Default: `new TokenCache()`, in memory. */
  tokenCache?: TokenCache | undefined
  /** Keeps discovery documents (24 h) and refusals; never a token or a name. Default: in memory, at most 1 024 entries. */
  httpCache?: HttpCache | undefined
  /** Sends every request. With a custom one nothing is retried here; `timeout` still bounds each exchange. */
  fetch?: typeof fetch | undefined
  /** Milliseconds for one HTTP exchange, headers and body. Default 10 000. */
  timeout?: number | undefined
  /** Your application's name, for the provider's telemetry (`x-app-name`). */
  appName?: string | undefined
  /** Your application's version, for the provider's telemetry (`x-app-ver`). */
  appVersion?: string | undefined
  /** For example `['CP1']`: this client can answer claims challenges. */
  clientCapabilities?: readonly string[] | undefined
  /** Of the scopes that are always asked for (`openid`, `profile`, `offline_access`), those to leave out; never `openid`. */
  excludeScopes?: readonly string[] | undefined
  /** Checks the id token's signature too, by algorithms that the provider announces. Default false: it came straight from the token endpoint over TLS (OpenID Connect Core 3.1.3.7, item 6). */
  verifyIdTokenSignature?: boolean | undefined
  /** As in {@link RequestOptions}, for every call that gives none. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
  /** Receives log records; off by default. */
  logger?: Logger | undefined
}

/** What {@link PublicClientApplication} is constructed with. */
export interface PublicClientOptions extends ClientApplicationOptions {
  /** How a person is shown the sign-in page. */
  interaction?: Interaction | undefined
  /** How `acquireTokenSilent` signs the person in again without a word to them, once the refresh token is gone: `silentFrame()`. Default: not at all. */
  silentInteraction?: Interaction | undefined
}

/** What {@link ConfidentialClientApplication} is constructed with. */
export interface ConfidentialClientOptions extends ClientApplicationOptions {
  /** How the client proves who it is. A function is asked when a new assertion is needed, so that keys rotate without a restart; what it throws is not passed on, for it could hold a secret: log it there. */
  clientCredential: ClientCredential | (() => Promise<ClientCredential>)
  /** Claims for the assertions signed here, added last; they may override `aud`, `iss`, `sub`, `exp`, `iat` and `jti`, and then no assertion is used twice. */
  clientClaims?: Record<string, unknown> | undefined
  /** For `acquireTokenForClient`: a region's name, or {@link ATTEMPT_REGION_DISCOVERY}. Where no region is found the global endpoint serves. Default: off. */
  azureRegion?: string | true | false | undefined
}

/** A WebCrypto `CryptoKey`. Not every runtime's types know that name. */
export type SigningKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** A private key with what names its certificate. */
export interface CertificateCredential {
  /** PEM (PKCS#8, PKCS#1 or encrypted PKCS#8) or a `CryptoKey`. */
  privateKey: string | SigningKey
  /** SHA-1 of the certificate in hexadecimal; colons, spaces and either case are accepted. With it assertions are RS256 with `x5t`. */
  thumbprint?: string | undefined
  /** PEM of the certificate, or of the chain, leaf first. It is sent as `x5c`; without `thumbprint` assertions are PS256 with `x5t#S256`. */
  publicCertificate?: string | undefined
  /** Of an encrypted private key. */
  passphrase?: string | undefined
}

/** A key that never leaves its vault or HSM. */
export interface ExternalSignCredential {
  /** Signs the bytes as JWS (RFC 7518 section 3) names `alg`: RS256 is RSASSA-PKCS1-v1_5, PS256 is RSASSA-PSS with a salt of 32 bytes, both with SHA-256. */
  sign: (data: Uint8Array, alg: 'PS256' | 'RS256') => Promise<Uint8Array>
  /** PEM of the certificate, or of the chain, leaf first. It is sent as `x5c`. */
  publicCertificate: string
}

/** An assertion made elsewhere, for instance a workload identity token. */
export interface AssertionCredential {
  /** The JWT, or a function that is asked before each request that is sent. */
  clientAssertion: string | ((context: { clientId: string; tokenEndpoint: string }) => string | Promise<string>)
}

/**
 * How a confidential client proves who it is: a secret, a certificate’s key, a key in a vault, or an assertion made elsewhere. (The manual,
 * `client_credential`.) A string is a secret: it goes in the form or, where the provider takes it there alone, in the `Authorization` header.
 */
export type ClientCredential = string | CertificateCredential | ExternalSignCredential | AssertionCredential

/** Options of `initiateAuthCodeFlow`. */
export interface InitiateAuthCodeFlowOptions extends RequestOptions {
  /** Empty or absent: sign-in only. */
  scopes?: readonly string[] | undefined
  /** Where the provider sends the person back to. Absent: the one that is registered. */
  redirectUri?: string | undefined
  /** Default: random. */
  state?: string | undefined
  /** `none`, `login`, `consent`, `select_account` or `create` (OpenID Connect Core 3.1.2.1). */
  prompt?: string | undefined
  /** Usually a user name. */
  loginHint?: string | undefined
  /** `consumers`, `organizations` or a domain: skips the e-mail based discovery of the tenant. */
  domainHint?: string | undefined
  /** A claims challenge as a JSON string. */
  claimsChallenge?: string | null | undefined
  /** Milliseconds since the person last proved who they are; floored to seconds on the wire. */
  maxAge?: number | undefined
  /** How the answer travels back. Default: the provider’s, which is `query`. */
  responseMode?: ResponseMode | undefined
  /** Scopes of other resources to consent to in the same sign-in; no token comes for them. */
  extraScopesToConsent?: readonly string[] | undefined
}

/** Options of `acquireTokenByAuthCodeFlow`. */
export interface AuthCodeFlowOptions extends RequestOptions {
  /** What `initiateAuthCodeFlow` resolved to. */
  flow: AuthCodeFlow
  /** What came back to the redirect URI. */
  response: AuthorizationResponse
  /** A subset of the flow's scopes, where those are of several resources. Default: all of them. */
  scopes?: readonly string[] | undefined
}

/** Options of `acquireTokenSilent` and `acquireTokenSilentWithError`. */
export interface SilentOptions extends RequestOptions {
  /** At least one; a token that holds more than these serves too. */
  scopes: readonly string[]
  /** Whose token; without an account the call resolves to null. */
  account: AccountInfo | null | undefined
  /** Another tenant's authority. Default: the client's. */
  authority?: string | URL | AuthorityBuilder | undefined
  /** Passes over cached access tokens. Default false. */
  forceRefresh?: boolean | undefined
  /** A claims challenge as a JSON string, from `error.claims` or `parseClaimsChallenge`; passes over cached access tokens. */
  claimsChallenge?: string | null | undefined
}

/** Options of `getAccounts`. */
export interface AccountsOptions extends RequestOptions {
  /** Whose accounts, compared without regard to case. Default: everybody's. */
  username?: string | undefined
}

/** Options of `getAccount`. */
export interface AccountOptions extends RequestOptions {
  /** The `homeAccountId` of the account. */
  homeAccountId: string
}

/** Options of `acquireTokenInteractive`. */
export interface InteractiveOptions extends Omit<InitiateAuthCodeFlowOptions, 'redirectUri' | 'state' | 'responseMode' | 'timeout'> {
  /** Milliseconds that the person is given. Default: no limit. */
  timeout?: number | undefined
  /** The loopback port. Default: a free one. */
  port?: number | undefined
  /** Default: the client's. */
  interaction?: Interaction | undefined
}

/** Options of `acquireTokenForClient`. */
export interface ClientCredentialsOptions extends RequestOptions {
  /** Usually one: the resource’s `/.default`. */
  scopes: readonly string[]
  /** A claims challenge as a JSON string; passes over cached tokens. */
  claimsChallenge?: string | null | undefined
  /** Passes over cached tokens. Default false. */
  forceRefresh?: boolean | undefined
  /** Another tenant's authority. Default: the client's. */
  authority?: string | URL | AuthorityBuilder | undefined
}

/** Options of `getLogoutUrl`. */
export interface LogoutUrlOptions extends RequestOptions {
  /** Who signs out; its id token, if cached, is sent as `id_token_hint`. */
  account?: AccountInfo | null | undefined
  /** Where the provider sends the person afterwards. */
  postLogoutRedirectUri?: string | undefined
  /** Default: the account's `login_hint` claim, else its user name. */
  logoutHint?: string | undefined
  /** Comes back to `postLogoutRedirectUri`. */
  state?: string | undefined
}

/** Options of `initiateDeviceFlow`. */
export type InitiateDeviceFlowOptions = RequestOptions & {
  /** Empty or absent: sign-in only. */
  scopes?: readonly string[] | undefined
}

/** Options of `acquireTokenByDeviceFlow`. */
export interface DeviceFlowOptions extends RequestOptions {
  /** What `initiateDeviceFlow` resolved to. */
  flow: DeviceCodeFlow
  /** A claims challenge as a JSON string. */
  claimsChallenge?: string | null | undefined
}

/** Options of `acquireTokenOnBehalfOf`. */
export interface OnBehalfOfOptions extends RequestOptions {
  /** The access token that the caller of this API presented. */
  userAssertion: string
  /** Of the API that is called. */
  scopes: readonly string[]
  /** A claims challenge as a JSON string, from `error.claims` or `parseClaimsChallenge`; passes over cached access tokens. */
  claimsChallenge?: string | null | undefined
  /** Passes over cached access tokens. Default false. */
  forceRefresh?: boolean | undefined
}

/** Options of `acquireTokenByRefreshToken`. */
export interface RefreshTokenOptions extends RequestOptions {
  /** From another library's store. */
  refreshToken: string
  /** At least one. */
  scopes: readonly string[]
}

/** Options of `acquireTokenByUsernamePassword`. */
export interface UsernamePasswordOptions extends RequestOptions {
  /** Usually a UPN, `name@domain`. */
  username: string
  /** Sent once and kept nowhere. */
  password: string
  /** At least one. */
  scopes: readonly string[]
  /** A claims challenge as a JSON string. */
  claimsChallenge?: string | null | undefined
}

/** Options of `acquireTokenByAuthorizationCode`. */
export interface AuthorizationCodeOptions extends RequestOptions {
  /** From the authorization response. */
  code: string
  /** Those of the authorization request. */
  scopes: readonly string[]
  /** That of the authorization request. */
  redirectUri?: string | undefined
  /** That of the authorization request: the id token must hold it. */
  nonce?: string | undefined
  /** That of the authorization request's PKCE challenge: 43 to 128 unreserved characters (RFC 7636 section 4.1). */
  codeVerifier?: string | undefined
  /** A claims challenge as a JSON string. */
  claimsChallenge?: string | null | undefined
}

/** Options of `getAuthorizationRequestUrl`. */
export interface AuthorizationRequestUrlOptions extends RequestOptions {
  /** At least one. */
  scopes: readonly string[]
  /** Usually a user name. */
  loginHint?: string | undefined
  /** Comes back with the answer: compare it. Default: none is sent. */
  state?: string | undefined
  /** Where the provider sends the person back to. Absent: the one that is registered. */
  redirectUri?: string | undefined
  /** Default `code`. */
  responseType?: string | undefined
  /** As in {@link InitiateAuthCodeFlowOptions}. */
  prompt?: string | undefined
  /** The id token will hold it. Default: none is sent. */
  nonce?: string | undefined
  /** PKCE: the base64url SHA-256 of a code verifier that you keep and redeem the code with (`S256`, RFC 7636 section 4.2). Default: none is sent. */
  codeChallenge?: string | undefined
  /** As in {@link InitiateAuthCodeFlowOptions}. */
  domainHint?: string | undefined
  /** A claims challenge as a JSON string. */
  claimsChallenge?: string | null | undefined
}
