import { isMultiTenant, tenantOf } from '../authority/authority.ts'
import { cloudOf } from '../authority/clouds.ts'
import { ClientConfigurationError } from '../errors.ts'
import { type IdTokenExpectations, validateIdToken } from '../oauth/id-token.ts'
import { oauthError } from '../oauth/oauth-error.ts'
import { parseTokenResponse, type TokenResponse } from '../oauth/token-response.ts'
import type { IdTokenClaims } from '../types.ts'
import { isRecord, toRecord } from '../util/record.ts'
import type { Entity } from './entities.ts'
import { appId, type Owner } from './partitions.ts'

/** A token obtained: what was asked, and the token endpoint's answer. (The manual, `TokenCache.add`.) */
export interface TokenEvent {
  clientId: string
  /** The scopes that were asked for; they count where the answer names none. */
  scopes: readonly string[]
  tokenEndpoint: string
  /** The token endpoint's JSON, as received. */
  response: object
  grantType?: string
  /** Further form fields of the request, such as `key_id`. */
  data?: Record<string, string>
  /** Of a password grant. */
  username?: string
  /** The host of the authority, where it is not the token endpoint's. */
  environment?: string
}

/** What a client adds to the events that it makes itself. */
export interface ClientTokenEvent extends TokenEvent {
  /** The URL of the authority that was asked, so that a later look-up needs no discovery. */
  authority?: string
  /** Of a generic provider that has several on one host; it keeps their refresh tokens apart too. */
  realm?: string
  /** Whose the tokens are, where that is known. */
  homeAccountId?: string
  /** The refresh token that was used: the account's entry stays as it is, and nothing is stored once the token has gone, for its owner has signed out. */
  heldToken?: Entity
  /** Of the user assertion that the tokens were got with: nobody who brings another may have them. */
  assertionHash?: string
}

export interface TokenOutcome {
  response: TokenResponse
  claims?: IdTokenClaims
  /** Empty for an application's own token. */
  homeAccountId: string
  scopes: string[]
  /** The partition that it goes into. */
  owner: Owner
  /** What goes into the cache, by section. */
  entities: { AccessToken: Entity; RefreshToken?: Entity; IdToken?: Entity; Account?: Entity; AppMetadata: Entity }
}

// The grants that a person takes part in (the unified schema's account_source).
const personalGrants = ['authorization_code', 'password', 'urn:ietf:params:oauth:grant-type:device_code', 'broker']

/** Checks an event and makes the cache entries of it. Nothing is stored by this. */
export function readTokenEvent(event: ClientTokenEvent, expectations?: Omit<IdTokenExpectations, 'clientId'>): TokenOutcome {
  if (!isRecord(event.response))
    throw new ClientConfigurationError('invalid_argument', 'response must be the JSON object of a token response.')
  if (!event.clientId || !URL.canParse(event.tokenEndpoint))
    throw new ClientConfigurationError('invalid_argument', 'clientId is missing, or tokenEndpoint is not a URL.')
  const json = toRecord(event.response)
  if ('error' in json) throw oauthError(json, { status: 200 })
  const response = parseTokenResponse(json)
  const claims = response.idToken ? validateIdToken(response.idToken, { ...expectations, clientId: event.clientId }) : undefined
  const own = event.grantType === 'client_credentials' || (!event.grantType && !claims && !response.homeAccountId)
  const homeAccountId = own
    ? ''
    : // Without any name the tokens still need an owner, or they would pass for the application's own.
      (event.homeAccountId ?? response.homeAccountId ?? claims?.sub ?? (event.username || crypto.randomUUID()))
  const endpointRealm = tenantOf(event.tokenEndpoint)
  const realm = event.realm ?? (isMultiTenant(endpointRealm) && typeof claims?.tid === 'string' ? claims.tid : endpointRealm)
  const scopes = response.scopes ?? [...event.scopes]
  const now = Math.floor(Date.now() / 1000)
  const client = { environment: (event.environment ?? new URL(event.tokenEndpoint).hostname).toLowerCase(), client_id: event.clientId }
  const origin = event.assertionHash && { user_assertion_hash: event.assertionHash }
  const owner = { home_account_id: homeAccountId || null, ...client, ...origin }
  const target = [...new Set(scopes)].sort().join(' ')
  const entities: TokenOutcome['entities'] = {
    AccessToken: {
      credential_type: 'AccessToken',
      secret: response.accessToken,
      ...owner,
      target,
      realm,
      token_type: response.tokenType,
      cached_at: `${now}`,
      expires_on: `${now + response.expiresIn}`,
      extended_expires_on: `${now + response.extExpiresIn}`,
      ...(response.refreshIn !== undefined && { refresh_on: `${now + response.refreshIn}` }),
      ...(event.data?.key_id && { key_id: event.data.key_id }),
      ...(event.authority && { authority: event.authority }),
    },
    AppMetadata: { ...client, ...(response.familyId && { family_id: response.familyId }) },
  }
  if (own) {
    const asked = event.realm ?? (event.authority ? tenantOf(event.authority) : realm)
    return { response, homeAccountId, scopes, owner: { app: appId(event.clientId, cloudOf(client.environment), asked) }, entities }
  }
  if (response.refreshToken) {
    // What takes the place of a family's token is the family's too, and stays with the client that has signed in: MSAL Node looks there.
    const { family_id: heldFamily, client_id: signedIn } = event.heldToken ?? {}
    const family = response.familyId ?? heldFamily
    entities.RefreshToken = {
      credential_type: 'RefreshToken',
      secret: response.refreshToken,
      ...owner,
      target,
      last_modification_time: `${now}`,
      ...(event.realm !== undefined && event.authority && { authority: event.authority }),
      ...(!!family && { family_id: family }),
      ...(!!heldFamily && { client_id: signedIn }),
    }
  }
  if (response.idToken) entities.IdToken = { credential_type: 'IdToken', secret: response.idToken, ...owner, realm }
  if (!event.heldToken) {
    const name = (claim: unknown) => (typeof claim === 'string' && claim ? claim : undefined)
    const source = event.grantType
    entities.Account = {
      home_account_id: homeAccountId,
      environment: client.environment,
      ...origin,
      realm,
      local_account_id: name(claims?.oid) ?? claims?.sub ?? null,
      username: name(claims?.preferred_username) ?? name(claims?.upn) ?? event.data?.username ?? event.username ?? '',
      authority_type: endpointRealm.toLowerCase() === 'adfs' ? 'ADFS' : 'MSSTS',
      ...(name(claims?.name) && { name: claims!.name }),
      ...(source && personalGrants.includes(source) && { account_source: source }),
    }
  }
  const partition: Owner = event.assertionHash ? { assertion: event.assertionHash } : { user: homeAccountId }
  return { response, ...(claims && { claims }), homeAccountId, scopes, owner: partition, entities }
}
