import { cloudOf } from '../authority/clouds.ts'
import type { AccountInfo } from '../types.ts'
import { authoritiesOf, bindingOf, type Entity, type Entry, realmKey, realmOf, seconds, targetOf, text } from './entities.ts'

/** An access token, ready to be handed out, with what belongs to it. */
export interface CachedToken {
  entity: Entity
  scopes: string[]
  /** Seconds since 1970. */
  expiresOn: number
  refreshOn?: number | undefined
  cachedAt: number
  idToken?: Entity | undefined
  account?: Entity | undefined
}

/** The access tokens of one client in one realm. */
interface Bucket {
  cloud: string
  clientId: string
  realm: string
  binding: string
  /** The authorities that its tokens were asked under: a domain name, where the realm is the tenant's id. */
  authorities: string[]
  tokens: { token: CachedToken; wanted: Set<string> }[]
  /** What earlier look-ups found, by scope key. */
  found: Map<string, CachedToken>
}

export interface TokenQuery {
  cloud: string
  clientId: string
  realm: string
  /** The URL of the authority that is asked under. */
  authority: string
  /** What the token has to be bound to: see {@link bindingOf}. */
  binding: string
  /** In lower case, and as one string. */
  scopes: readonly string[]
  scopeKey: string
}

/** The unit of storage: all entries of one home account, of one client in one tenant, or of one assertion. */
export class Partition {
  entries: Entry[] = []
  /** What else came with them from the store. */
  foreign: Record<string, unknown> = {}
  /** When it was read from the store or written to it, in milliseconds since 1970; and the version that it has there. */
  readAt = 0
  version: string | null = null
  /** Over a store: which of all uses was its last (see `recency.ts`). */
  declare lastUse?: number
  /** The account that a viewer was shown last (see `accountIn`), so that a list of very many costs no more than their copies. */
  viewer: string | undefined
  account: AccountInfo | undefined
  /** Dropped by every write and rebuilt by the next look-up, so that its cost is the partition's and not the cache's. */
  #buckets: Bucket[] | undefined

  /** The token that serves a query longest. */
  find(query: TokenQuery): CachedToken | undefined {
    let best: CachedToken | undefined
    const realm = realmKey(query.realm)
    this.#buckets ??= index(this.entries)
    for (const bucket of this.#buckets) {
      if (
        bucket.clientId !== query.clientId ||
        bucket.cloud !== query.cloud ||
        bucket.binding !== query.binding ||
        // The realm of a generic provider has no other name.
        (bucket.realm !== realm && (realm === query.authority || !bucket.authorities.includes(query.authority)))
      ) {
        continue
      }
      best = longer(best, bucket.found.get(query.scopeKey) ?? search(bucket, query))
    }
    return best
  }

  /** Adds an entry as it was read. */
  load(entry: Entry): void {
    this.entries.push(entry)
    this.#changed()
  }

  remove(matches: (entry: Entry) => boolean): boolean {
    const before = this.entries.length
    this.entries = this.entries.filter((entry) => !matches(entry))
    this.#changed()
    return this.entries.length < before
  }

  #changed(): void {
    this.#buckets = this.viewer = this.account = undefined
  }
}

function index(entries: readonly Entry[]): Bucket[] {
  const buckets: Bucket[] = []
  for (const { type, entity } of entries) {
    const expiresOn = seconds(entity, 'expires_on')
    if (type !== 'AccessToken' || !text(entity, 'secret') || expiresOn === undefined) continue
    const cloud = cloudOf(text(entity, 'environment'))
    const clientId = text(entity, 'client_id')
    const realm = realmOf(entity)
    const binding = bindingOf(entity)
    const belongs = (other: Bucket) =>
      other.clientId === clientId && other.cloud === cloud && other.realm === realm && other.binding === binding
    let bucket = buckets.find(belongs)
    if (!bucket) {
      bucket = { cloud, clientId, realm, binding, authorities: [], tokens: [], found: new Map() }
      buckets.push(bucket)
    }
    bucket.authorities.push(...authoritiesOf(entity))
    const sameRealm = ({ entity: other }: Entry) => cloudOf(text(other, 'environment')) === cloud && realmOf(other) === realm
    const scopes = targetOf(entity)
    const token: CachedToken = {
      entity,
      scopes,
      expiresOn,
      refreshOn: seconds(entity, 'refresh_on'),
      cachedAt: seconds(entity, 'cached_at') ?? 0,
      idToken: entries.find((entry) => entry.type === 'IdToken' && entry.entity.client_id === clientId && sameRealm(entry))?.entity,
      account: entries.find((entry) => entry.type === 'Account' && sameRealm(entry))?.entity,
    }
    bucket.tokens.push({ token, wanted: new Set(scopes.map((scope) => scope.toLowerCase())) })
  }
  return buckets
}

const longer = (a: CachedToken | undefined, b: CachedToken | undefined) => (a && !(b && b.expiresOn > a.expiresOn) ? a : b)

function search(bucket: Bucket, { scopes, scopeKey }: TokenQuery): CachedToken | undefined {
  let best: CachedToken | undefined
  for (const { token, wanted } of bucket.tokens) {
    if (scopes.every((scope) => wanted.has(scope.toLowerCase()))) best = longer(best, token)
  }
  // Nobody asks for so many different sets; a caller that makes them up must not fill the memory.
  if (bucket.found.size >= 64) bucket.found.clear()
  if (best) bucket.found.set(scopeKey, best)
  return best
}
