import type { Authority } from '../authority/authority.ts'
import { type Entity, seconds, text } from '../cache/entities.ts'
import { familyOf, settle } from '../cache/filing.ts'
import { claimsOf, type Partition } from '../cache/partition.ts'
import type { Partitions } from '../cache/partitions.ts'
import type { TokenOutcome } from '../cache/token-event.ts'
import { sameMeaning } from '../cache/write.ts'
import { ClientAuthError, isAuthError, type ServerError } from '../errors.ts'
import { refreshTokenGrant } from '../grants/refresh-token.ts'
import type { Bounds } from '../http/deadline.ts'
import { mergeClaims } from '../oauth/claims.ts'
import { decorate } from '../oauth/scopes.ts'
import type { UserResult } from '../types.ts'
import { isGood, type Reason } from './cache-first.ts'
import type { Call, ClientContext } from './context.ts'
import { lookUp, resultOf, type Wanted } from './silent.ts'
import { freshToken, obtainTokens } from './token-request.ts'

const turns = /* @__PURE__ */ new WeakMap<Partitions, Map<string, Promise<unknown>>>()

/**
 * Gets a token by the refresh tokens that the cache holds; null where it holds none. The calls for one account take turns, because each
 * may rotate the refresh token that the next one needs.
 */
export function refreshInTurn(...args: Parameters<typeof refresh>): Promise<UserResult | null> {
  const [{ memory }, { account }] = args
  const queue = turns.get(memory) ?? new Map<string, Promise<unknown>>()
  turns.set(memory, queue)
  const id = account.homeAccountId
  const turn = (queue.get(id) ?? Promise.resolve()).then(() => refresh(...args))
  const end = turn
    .catch(() => {})
    .then(() => {
      if (queue.get(id) === end) queue.delete(id)
    })
  queue.set(id, end)
  return turn
}

async function refresh(
  context: ClientContext,
  wanted: Wanted,
  call: Call,
  reason: Reason,
  exchange: () => Bounds,
): Promise<UserResult | null> {
  const { homeAccountId } = wanted.account
  // Whoever had the turn before may have got the very token; only reasons 2 and 3 mean that a cached one will do.
  const renewed = reason === 2 || reason === 3 ? lookUp(context, wanted) : undefined
  if (renewed && isGood(renewed)) return resultOf(renewed, wanted, 'cache', call)
  const partition = context.memory.get({ user: homeAccountId })
  if (!partition) return null
  let refusal: ServerError | undefined
  for (const held of refreshTokens(context, partition, wanted.authority.cloud)) {
    // Outside a family, its other tokens would be refused as well.
    if (refusal?.suberror === 'client_mismatch' && held.client_id !== context.clientId) continue
    try {
      return await redeem(context, wanted, call, held, partition, reason, exchange)
    } catch (error) {
      if (!isAuthError(error, 'interaction_required')) throw error
      refusal = error as ServerError
      if (isDead(wanted.authority, refusal)) {
        partition.remove(({ entity }) => entity === held)
        settle(context.memory, homeAccountId)
      }
    }
  }
  if (refusal) throw refusal
  return null
}

/** A client that has never been here tries its siblings' tokens; a member its family's; then each its own. The newest come first. */
function* refreshTokens({ memory, clientId }: ClientContext, partition: Partition, cloud: string): Iterable<Entity> {
  const family = familyOf(memory, clientId, cloud) ?? '1'
  const newest = (entity: Entity) => seconds(entity, 'last_modification_time') ?? 0
  const all = partition
    .list('RefreshToken', cloud)
    .filter((entity) => text(entity, 'secret'))
    .sort((a, b) => newest(b) - newest(a))
  const shared = all.filter((entity) => family && text(entity, 'family_id') === family)
  yield* shared
  yield* all.filter((entity) => entity.client_id === clientId && !shared.includes(entity))
}

/** Only a definite "no" to that very token ends it: a missing consent or a policy leaves it good for other scopes. */
function isDead({ kind, cloud }: Authority, { error, suberror }: ServerError): boolean {
  if (error !== 'invalid_grant') return false
  if (suberror) return suberror === 'bad_token' || suberror === 'token_expired'
  return kind === 'oidc' || kind === 'adfs' || (kind === 'entra' && !cloud.includes('microsoft') && !cloud.includes('chinacloud'))
}

async function redeem(
  context: ClientContext,
  wanted: Wanted,
  call: Call,
  held: Entity,
  partition: Partition,
  reason: Reason,
  exchange: () => Bounds,
): Promise<UserResult> {
  const { excludeScopes, clientCapabilities } = context.options
  const { homeAccountId } = wanted.account
  const claims = mergeClaims(wanted.claims, clientCapabilities)
  const grant = refreshTokenGrant(text(held, 'secret'), decorate(wanted.scopes, excludeScopes), homeAccountId, claims, reason)
  const outcome = await obtainTokens(context, wanted.authority, grant, call, exchange, {
    homeAccountId,
    heldToken: held,
    inspect: (fresh) => checkSameAccount(fresh, homeAccountId, partition),
  })
  const stored = lookUp(context, wanted)
  const token = freshToken(outcome)
  token.account = stored?.account
  token.idToken ??= stored?.idToken
  return resultOf(token, wanted, 'identity_provider', call)
}

/** A renewed token is still the same person's (OpenID Connect Core 12.2). */
function checkSameAccount({ response, claims, entities }: TokenOutcome, homeAccountId: string, partition: Partition): void {
  const fresh = { type: 'IdToken', entity: entities.IdToken ?? {} } as const
  const known = claims && partition.entries.find((entry) => sameMeaning(entry, fresh))
  const before = known && claimsOf(known.entity)
  if (
    (response.homeAccountId ?? homeAccountId) !== homeAccountId ||
    (before && (before.sub !== claims!.sub || before.iss !== claims!.iss))
  ) {
    throw new ClientAuthError('account_mismatch', 'The provider answered with a token of another account.')
  }
}
