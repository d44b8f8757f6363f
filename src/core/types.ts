/** An account that has signed in. Plain JSON. */
export interface AccountInfo {
  /** The same in every tenant: object id and home tenant, or the `sub` where the provider sends no client info. */
  homeAccountId: string
  /** The host of the authority. */
  environment: string
  /** The tenant that this row of the account belongs to; a guest has one in each. */
  tenantId: string
  /** The user's object id in that tenant. */
  localAccountId: string | null
  /** Empty where the provider did not say. */
  username: string
  /** The display name. */
  name?: string
  /** `MSSTS`, `ADFS` and so on, as the unified cache schema has it. */
  authorityType: string
  /** The grant that brought the account, where it was one with a person. */
  accountSource?: string
}

/** The claims of an id token (OpenID Connect Core section 2); times are Unix seconds. */
export interface IdTokenClaims {
  /** The issuer. */
  iss: string
  /** The person, as this issuer knows them for this client. */
  sub: string
  /** The clients that the token is for. */
  aud: string | string[]
  /** When the token ends, in Unix seconds. */
  exp: number
  /** When it was made, in Unix seconds. */
  iat: number
  /** When the person last proved who they are, in Unix seconds. */
  auth_time?: number
  /** What ties the token to its sign-in. */
  nonce?: string
  /** Microsoft’s object id of the person in the tenant. */
  oid?: string
  /** Microsoft’s tenant id. */
  tid?: string
  /** What the person signs in with; it may change. */
  preferred_username?: string
  /** The display name. */
  name?: string
  /** Whatever else the provider says. */
  [claim: string]: unknown
}

/** What every token comes with. */
export interface TokenResult {
  /** For the resource: sent as it is, never looked into. */
  accessToken: string
  /** `Bearer`, as the provider spelt it. */
  tokenType: string
  /** The scopes that were granted. */
  scopes: string[]
  /** When the token ends. */
  expiresOn: Date
  /** Until when the token may be used while the provider is down. */
  extExpiresOn?: Date
  /** When the provider wants the token renewed. */
  refreshOn?: Date
  /** Whether a request was made for it. */
  tokenSource: 'identity_provider' | 'cache'
  /** The one that the request was sent under; of a cached token, this call’s. */
  correlationId: string
}

/** A token for a person. Refresh tokens are never in a result. */
export interface UserResult extends TokenResult {
  /** Whose token it is: what `acquireTokenSilent` wants. */
  account: AccountInfo
  /** The id token as it came. */
  idToken?: string
  /** Its claims, checked. */
  idTokenClaims?: IdTokenClaims
}

/** A token for the application itself. */
export interface AppResult extends TokenResult {
  /** Nobody’s. */
  account: null
}

/** What a method that gets tokens resolves to: `account` tells a person’s from the application’s own. */
export type AuthenticationResult = UserResult | AppResult

/** A sign-in between its two halves. Plain JSON; keep it where only this person's browser or session reaches it. */
export interface AuthCodeFlow {
  /** Where to send the person. */
  authUri: string
  /** Comes back with the answer, and must be the same. */
  state: string
  /** Milliseconds since 1970; an answer after it is refused. */
  expiresAt: number
  /** The rest is this library's own. */
  [internal: string]: unknown
}

/** A sign-in on another device. Plain JSON: it can be kept, and polled by another process. */
export interface DeviceCodeFlow {
  /** What the person types. */
  userCode: string
  /** Where the person types it. */
  verificationUri: string
  /** The same with the code in it, for a QR code. */
  verificationUriComplete?: string
  /** What to tell the person, in the provider's words. */
  message: string
  /** Milliseconds since 1970. Set it to 0 to end the wait. */
  expiresAt: number
  /** Milliseconds between two questions. */
  interval: number
  /** The rest is this library's own. */
  [internal: string]: unknown
}
