import { tenantOf } from '../authority/authority.ts'
import { cloudOf } from '../authority/clouds.ts'
import { parseTokenResponse, type TokenResponse } from '../oauth/token-response.ts'
import type { IdTokenClaims } from '../types.ts'
import { invalidArgument } from '../util/invalid-argument.ts'
import { isRecord, toRecord } from '../util/record.ts'
import { type Entity, text } from './entities.ts'
import { appId, type Owner } from './partitions.ts'

/** A token obtained: what was asked, and the token endpoint's answer. (The manual, `TokenCache.add`.) */
export interface TokenEvent {
  /** Whose registration was used. */
  clientId: string
  /** The scopes that were asked for; they count where the answer names none. */
  scopes: readonly string[]
  /** Where the answer came from; its path names the tenant. */
  tokenEndpoint: string
  /** The token endpoint's JSON, as received. */
  response: object
  /** The `grant_type` of the request. After `refresh_token`, the times of the id token are not compared with the clock. */
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
  /** The same of a generic provider, which may have several on one host: nothing of one serves another. */
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

/** The answer that an event brings, checked. */
export function readResponse({ clientId, tokenEndpoint, response }: ClientTokenEvent): TokenResponse {
  if (!isRecord(response)) throw invalidArgument('response must be a token response.')
  if (!clientId || !URL.canParse(tokenEndpoint)) throw invalidArgument('clientId is missing, or tokenEndpoint is not a URL.')
  return parseTokenResponse(toRecord(response))
}

/** The entries that every event has. Nothing is stored by this. */
export function readTokens(
  event: ClientTokenEvent,
  response: TokenResponse,
  homeAccountId: string,
  realm: string,
): Omit<TokenOutcome, 'owner'> {
  const scopes = response.scopes ?? [...event.scopes]
  const now = Math.floor(Date.now() / 1000)
  const client = { environment: (event.environment ?? new URL(event.tokenEndpoint).hostname).toLowerCase(), client_id: event.clientId }
  const AccessToken: Entity = {
    credential_type: 'AccessToken',
    secret: response.accessToken,
    home_account_id: homeAccountId || null,
    ...client,
    ...(event.assertionHash && { user_assertion_hash: event.assertionHash }),
    target: [...new Set(scopes)].sort().join(' '),
    realm,
    token_type: response.tokenType,
    cached_at: `${now}`,
    expires_on: `${now + response.expiresIn}`,
    extended_expires_on: `${now + response.extExpiresIn}`,
    ...(response.refreshIn !== undefined && { refresh_on: `${now + response.refreshIn}` }),
    ...(event.data?.key_id && { key_id: event.data.key_id }),
    ...(event.authority && { authority: event.authority }),
  }
  const AppMetadata = { ...client, ...(response.familyId && { family_id: response.familyId }) }
  return { response, homeAccountId, scopes, entities: { AccessToken, AppMetadata } }
}

/** Checks an event of an application's own token and makes its cache entries. */
export function readAppEvent(event: ClientTokenEvent, response = readResponse(event)): TokenOutcome {
  const realm = event.realm ?? tenantOf(event.tokenEndpoint)
  const outcome = readTokens(event, response, '', realm)
  const asked = event.realm ?? (event.authority ? tenantOf(event.authority) : realm)
  const cloud = cloudOf(text(outcome.entities.AccessToken, 'environment'))
  return { ...outcome, owner: { app: appId(event.clientId, cloud, asked) } }
}
