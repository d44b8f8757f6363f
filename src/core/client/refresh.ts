import type { Authority } from '../authority/authority.ts'
import { accountInfo } from '../cache/account.ts'
import { claimsOf } from '../cache/claims-of.ts'
import { type Entity, homeRealm, realmOf, seconds, text } from '../cache/entities.ts'
import { settle } from '../cache/filing.ts'
import { entitiesIn, familyOf, visibleIn } from '../cache/listing.ts'
import type { CachedToken, Partition } from '../cache/partition.ts'
import type { Partitions } from '../cache/partitions.ts'
import type { TokenOutcome } from '../cache/token-event.ts'
import { sameMeaning } from '../cache/write.ts'
import { ClientAuthError, ClientConfigurationError, isAuthError, type ServerError } from '../errors.ts'
import { refreshTokenGrant } from '../grants/refresh-token.ts'
import { mergeClaims } from '../oauth/claims-parameter.ts'
import { readClientInfo } from '../oauth/client-info.ts'
import { decorate } from '../oauth/requested-scopes.ts'
import { checkScopes } from '../oauth/scopes.ts'
import type { PublicClientOptions, RefreshTokenOptions } from '../options.ts'
import type { UserResult } from '../types.ts'
import { encodeBase64Url } from '../util/base64url-encode.ts'
import { sha256 } from '../util/crypto.ts'
import { loaded } from '../util/loaded.ts'
import { cacheFirst, type Plan } from './cache-first.ts'
import { checkCall } from './check-call.ts'
import type { Call, ClientContext } from './context.ts'
import { lookUp, type Wanted } from './silent.ts'
import { inTurn, leftBehind } from './turns.ts'
import { userResult } from './user-result.ts'
import { freshToken, obtainTokens } from './user-tokens.ts'

type Acquire = Plan<unknown>['acquire']

/**
 * Gets a token by the refresh tokens that the cache holds; null where it holds none. The calls for one account take turns, because each
 * may rotate the refresh token that the next one needs.
 */
export async function refreshInTurn(...args: Parameters<typeof refresh>): ReturnType<typeof refresh> {
  const [{ memory }, { account }, { options }] = args
  if (typeof account !== 'object') throw new ClientConfigurationError('invalid_argument', 'account must be one that getAccounts() gave.')
  checkCall(options)
  return inTurn(memory, { user: account.homeAccountId }, () => refresh(...args))
}

async function refresh(
  context: ClientContext,
  wanted: Wanted,
  call: Call,
  ...[reason, exchange]: Parameters<Acquire>
): ReturnType<Acquire> {
  const { memory, clientId } = context
  const { homeAccountId } = wanted.account
  let refusal: ServerError | undefined
  let ownOnly = false
  const tried = new Set<unknown>()
  for (;;) {
    const renewed = leftBehind(reason, () => lookUp(context, wanted))
    if (renewed) return [renewed, 'cache']
    // Read anew each time: whoever has signed in meanwhile, or has loaded the cache, may have left another.
    const held = refreshTokens(context, homeAccountId, wanted.authority).find(
      ({ secret, client_id }) => !tried.has(secret) && (!ownOnly || client_id === clientId),
    )
    if (!held) break
    tried.add(held.secret)
    try {
      return [await redeem(context, wanted, call, held, reason, exchange), 'identity_provider']
    } catch (error) {
      if (!isAuthError(error, 'interaction_required')) throw error
      refusal = error as ServerError
      // Outside a family, its other tokens would be refused as well.
      ownOnly ||= refusal.suberror === 'client_mismatch'
      if (refusal.error === 'invalid_grant') await reconsider(memory, homeAccountId, held.secret, isDead(wanted.authority, refusal))
    }
  }
  const { silentInteraction } = context.options as PublicClientOptions
  // Not for a renewal ahead of time, whose token is still good; and who is challenged has to answer in person.
  if (silentInteraction && reason !== 4 && !refusal?.claims) {
    const { signInSilently } = await loaded(import('./silent-interaction.ts'))
    const { timeout } = exchange()
    return [await signInSilently(context, silentInteraction, wanted, { ...call, timeout, signal: undefined }), 'identity_provider']
  }
  if (refusal) throw refusal
  return null
}

/**
 * Once a refresh token was refused: another process may have renewed it this very moment, so that a store is read again, for that one's
 * successor. One that is no more is removed, if it is still the one; not from a store without a lock, for what that shows may be old.
 */
async function reconsider(memory: Partitions, user: string, secret: unknown, dead: boolean): Promise<void> {
  const { level } = memory
  const remove = () => {
    if (memory.get({ user })?.remove(({ type, entity }) => type === 'RefreshToken' && entity.secret === secret)) settle(memory, user)
  }
  if (level) {
    const { change, reload } = await loaded(import('../cache/store-level.ts'))
    if (dead && level.store.lock) await change(memory, level, { user }, remove)
    else await reload(memory, level, { user })
  } else if (dead) remove()
}

/** A client that has never been here tries its siblings' tokens; a member its family's; then each its own. The newest come first. */
function refreshTokens({ memory, clientId }: ClientContext, user: string, authority: Authority): Entity[] {
  const family = familyOf(memory, clientId, authority.cloud) ?? '1'
  const newest = (entity: Entity) => seconds(entity, 'last_modification_time') ?? 0
  const all = visibleIn(memory.get({ user }), 'RefreshToken', authority)
    .filter((entity) => text(entity, 'secret'))
    .sort((a, b) => newest(b) - newest(a))
  const isShared = (entity: Entity) => !!family && text(entity, 'family_id') === family
  return [...all.filter(isShared), ...all.filter((entity) => entity.client_id === clientId && !isShared(entity))]
}

/** Of an `invalid_grant`, only a definite "no" to that very token ends it: a missing consent or a policy leaves it good for other scopes. */
function isDead({ kind, cloud }: Authority, { suberror }: ServerError): boolean {
  if (suberror) return suberror === 'bad_token' || suberror === 'token_expired'
  return kind === 'oidc' || kind === 'adfs' || (kind === 'entra' && !cloud.includes('microsoft') && !cloud.includes('chinacloud'))
}

async function redeem(
  context: ClientContext,
  wanted: Wanted,
  call: Call,
  held: Entity,
  ...[reason, exchange]: Parameters<Acquire>
): Promise<CachedToken> {
  const { excludeScopes, clientCapabilities } = context.options
  const { homeAccountId } = wanted.account
  const claims = mergeClaims(wanted.claims, clientCapabilities)
  const grant = refreshTokenGrant(text(held, 'secret'), decorate(wanted.scopes, excludeScopes), homeAccountId, claims, reason)
  const outcome = await obtainTokens(context, wanted.authority, grant, call, exchange, {
    homeAccountId,
    heldToken: held,
    inspect: (fresh) => checkSameAccount(fresh, wanted.authority, homeAccountId, context.memory.get({ user: homeAccountId })),
  })
  const stored = lookUp(context, wanted)
  const token = freshToken(outcome)
  token.account = stored?.account
  token.idToken ??= stored?.idToken
  return token
}

/**
 * A renewed token is still the same person's (OpenID Connect Core 12.2). Where the answer has no `client_info` to tell whose it is, a first id token
 * of another tenant is not: its subject and issuer are compared with those that are known. Where the token itself names its tenant, under
 * `common` and its like, that is the account's home or one in which the account is known.
 */
export function checkSameAccount(
  { response, claims, entities }: TokenOutcome,
  { cloud, tenant }: Authority,
  homeAccountId: string,
  partition: Partition | undefined,
): void {
  const named = readClientInfo(response.clientInfo)
  const fresh = { type: 'IdToken', entity: entities.IdToken ?? {} } as const
  const { client_id, authority } = fresh.entity
  const idTokens = partition?.entries.filter(
    ({ type, entity }) => type === 'IdToken' && entity.client_id === client_id && (entity.authority ?? authority) === authority,
  )
  const known = idTokens?.find((entry) => sameMeaning(entry, fresh)) ?? (named ? undefined : idTokens?.[0])
  const before = claims && known && claimsOf(known.entity)
  const home = homeRealm(tenant, homeAccountId)
  const tenants = [home.toLowerCase(), ...entitiesIn(partition, 'Account', cloud).map(realmOf)]
  if (
    (named ?? homeAccountId) !== homeAccountId ||
    (before && (before.sub !== claims!.sub || before.iss !== claims!.iss)) ||
    (home !== tenant && claims?.tid && !tenants.includes(String(claims.tid).toLowerCase()))
  ) {
    throw new ClientAuthError('account_mismatch', 'The provider answered with a token of another account.')
  }
}

/**
 * Redeems a refresh token from elsewhere, once for all who ask for the same at the same time, and keeps it where the answer brings no other.
 */
export async function migrate(context: ClientContext, request: RefreshTokenOptions, call: Call): Promise<UserResult> {
  checkCall(request)
  const { refreshToken, scopes } = request
  const { clientId, authority, options } = context
  const asked = decorate(checkScopes(scopes), options.excludeScopes)
  if (typeof refreshToken !== 'string' || !refreshToken) throw new ClientConfigurationError('invalid_argument', 'refreshToken is missing.')
  const claims = mergeClaims(undefined, options.clientCapabilities)
  const hash = encodeBase64Url(await sha256(refreshToken))
  const result = await cacheFirst<UserResult>(context, call, {
    key: ['refresh token', clientId, authority.url, hash, ...asked],
    fresh: true,
    lookUp() {
      return undefined
    },
    result: (token, source) => userResult(token, accountInfo(token.account!), source, call.correlationId),
    check() {},
    async acquire(reason, exchange) {
      const grant = { ...refreshTokenGrant(refreshToken, asked, '', claims, reason), api: 85, anchor: undefined }
      return [freshToken(await obtainTokens(context, authority, grant, call, exchange, { refreshToken })), 'identity_provider']
    },
  })
  return result!
}
