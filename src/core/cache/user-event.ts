import { isMultiTenant, tenantOf } from '../authority/authority.ts'
import { readClientInfo } from '../oauth/client-info.ts'
import { type IdTokenExpectations, validateIdToken } from '../oauth/id-token.ts'
import { type Entry, seconds } from './entities.ts'
import { partitionFor } from './filing.ts'
import type { Partition } from './partition.ts'
import type { Owner, Partitions } from './partitions.ts'
import { type ClientTokenEvent, readAppEvent, readResponse, readTokens, type TokenOutcome } from './token-event.ts'
import { put, sameMeaning, writeEntities } from './write.ts'

/** Seconds. As long as a store keeps a refresh token that was got with an assertion. */
const day = 24 * 3600

// The grants that a person takes part in (the unified schema's account_source).
const personalGrants = ['authorization_code', 'password', 'urn:ietf:params:oauth:grant-type:device_code', 'broker']

/** Checks an event of any kind and makes its cache entries. Nothing is stored by this. */
export function readTokenEvent(event: ClientTokenEvent, expectations?: Omit<IdTokenExpectations, 'clientId'>): TokenOutcome {
  const response = readResponse(event)
  const named = readClientInfo(response.clientInfo)
  // A device's clock may be wrong, and an answer that is thrown away takes a refresh token of one use along.
  const renewed = event.grantType === 'refresh_token'
  const claims = response.idToken ? validateIdToken(response.idToken, { ...expectations, renewed, clientId: event.clientId }) : undefined
  if (event.grantType === 'client_credentials' || (!event.grantType && !claims && !named)) {
    return readAppEvent(event, response)
  }
  // Without any name the tokens still need an owner, or they would pass for the application's own.
  const homeAccountId = event.homeAccountId ?? named ?? claims?.sub ?? (event.username || crypto.randomUUID())
  const endpointRealm = tenantOf(event.tokenEndpoint)
  const realm = event.realm ?? (isMultiTenant(endpointRealm) && typeof claims?.tid === 'string' ? claims.tid : endpointRealm)
  const outcome = readTokens(event, response, homeAccountId, realm)
  const { entities } = outcome
  const { home_account_id, environment, client_id, user_assertion_hash, target, cached_at } = entities.AccessToken
  const origin = event.assertionHash && { user_assertion_hash }
  // The realms of a generic provider have a user's partition in common.
  const authority = event.realm && { authority: event.realm }
  const owner = { home_account_id, environment, client_id, ...origin, ...authority }
  if (response.refreshToken) {
    // What takes the place of a family's token is the family's too, and stays with the client that has signed in: MSAL Node looks there.
    const { family_id: heldFamily, client_id: signedIn } = event.heldToken ?? {}
    const family = response.familyId ?? heldFamily
    entities.RefreshToken = {
      credential_type: 'RefreshToken',
      secret: response.refreshToken,
      ...owner,
      target,
      last_modification_time: cached_at,
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
      environment,
      ...origin,
      ...authority,
      realm,
      local_account_id: name(claims?.oid) ?? claims?.sub ?? null,
      username: name(claims?.preferred_username) ?? name(claims?.upn) ?? event.data?.username ?? event.username ?? '',
      authority_type: endpointRealm.toLowerCase() === 'adfs' ? 'ADFS' : 'MSSTS',
      ...(name(claims?.name) && { name: claims!.name }),
      ...(source && personalGrants.includes(source) && { account_source: source }),
    }
  }
  const partition: Owner = event.assertionHash ? { assertion: event.assertionHash } : { user: homeAccountId }
  return { ...outcome, ...(claims && { claims }), owner: partition }
}

/**
 * Writes what an event of a person brought, unless its owner has signed out meanwhile. Where a store is written late, on what others have
 * left there (`again`), a sign-in only adds to one that came after it.
 */
export function writeUserOutcome(
  memory: Partitions,
  { heldToken }: ClientTokenEvent,
  { entities, owner }: TokenOutcome,
  again = false,
): void {
  const written = { ...entities }
  const { Account } = written
  let later: Entry[] = []
  if (Account && memory.level) {
    // An extra field of ours: when the sign-in was, in milliseconds since 1970.
    Account.sign_in ??= `${Date.now()}`
    const all = memory.get(owner)?.entries ?? []
    const isLater = (entry: Entry) =>
      sameMeaning(entry, { type: 'Account', entity: Account }) && Number(entry.entity.sign_in) > Number(Account.sign_in)
    if (again && all.some(isLater)) later = [...all]
  }
  if (heldToken) {
    const held = memory.get(owner)?.entries.filter((entry) => sameMeaning(entry, { type: 'RefreshToken', entity: heldToken }))
    // Gone: its owner has signed out.
    if (!held?.length) return
    // Another by now: somebody was faster, or its owner has signed in again. That token stays, and so does what came with it or after it.
    if (!held.some(({ entity }) => entity.secret === heldToken.secret)) {
      const since = Math.max(...held.map(({ entity }) => seconds(entity, 'last_modification_time') ?? 0))
      const fresh = { type: 'AccessToken', entity: entities.AccessToken } as const
      const isNewer = ({ entity }: Entry) => (seconds(entity, 'cached_at') ?? 0) >= since
      if (memory.get(owner)!.entries.some((entry) => sameMeaning(entry, fresh) && isNewer(entry))) return
      delete written.RefreshToken
    }
  }
  const partition = partitionFor(memory, { type: 'AccessToken', entity: entities.AccessToken })
  // One that named no authority, as other MSALs write them, would be found by all: its successor takes its place.
  if (heldToken && !heldToken.authority && entities.RefreshToken?.authority) {
    partition.remove(({ type, entity }) => type === 'RefreshToken' && entity.secret === heldToken.secret)
  }
  // Another MSAL files an account under another name of its cloud, and a renewal writes none: from here on the two are one.
  for (const { entity } of partition.entries.filter(({ type }) => type === 'Account')) put(partition, 'Account', entity)
  writeEntities(memory, written)
  for (const { type, entity } of later) put(partition, type, entity)
  if ('assertion' in owner && !memory.level) dropEnded(memory.assertions)
}

/**
 * Drops what was got with assertions that nobody presents any more: all of it ended more than a day ago, or, of a refresh token, came then.
 * It begins with the oldest and ends with the first that stays, which makes room for the next time by going to the end: so it costs little
 * however many there are, and none is in the way of the others.
 */
function dropEnded(assertions: Map<string, Partition>): void {
  for (const [id, partition] of assertions) {
    assertions.delete(id)
    const times = partition.entries.map(({ entity }) => seconds(entity, 'expires_on') ?? seconds(entity, 'last_modification_time') ?? 0)
    const last = Math.max(0, ...times)
    // Without any time it is another library's, and nobody knows.
    if (last && last + day < Date.now() / 1000) continue
    assertions.set(id, partition)
    break
  }
}
