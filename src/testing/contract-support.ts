import type { CacheStore } from '../core/index.ts'

/** A check of a store that is given to it. */
export interface Check {
  name: string
  /** @param open Opens another, maybe on the same content. */
  run(store: CacheStore, open: () => CacheStore | Promise<CacheStore>): Promise<void>
}

const environment = 'login.microsoftonline.com'
const clientId = 'contract-client'

/** A partition that nobody has used. */
export const newUser = (): string => `user:${crypto.randomUUID()}.${crypto.randomUUID()}`

/** A value as the cache writes it for such a partition. */
export function userValue(user: string, fields: Record<string, unknown> = {}): string {
  return value({ home_account_id: user.slice('user:'.length), ...fields })
}

/** The same for a partition of an assertion too. */
export function anyValue(partition: string): string {
  const id = partition.slice(partition.indexOf(':') + 1)
  return partition.startsWith('user:') ? userValue(partition) : value({ home_account_id: 'uid.utid', user_assertion_hash: id })
}

function value(fields: Record<string, unknown>): string {
  const token = { credential_type: 'AccessToken', environment, client_id: clientId, realm: 'contract', target: 'scope', secret: 'token' }
  const { home_account_id: owner, user_assertion_hash: assertion = '' } = fields
  return JSON.stringify({
    AccessToken: { [`${owner}-${environment}-accesstoken-${clientId}-contract-scope${assertion}`.toLowerCase()]: { ...token, ...fields } },
    AppMetadata: { [`appmetadata-${environment}-${clientId}`]: { environment, client_id: clientId } },
  })
}

/** A value that counts, and what it has counted. */
export const withCount = (user: string, total: number): string => userValue(user, { total })
export function count(text: string): number {
  const [token] = Object.values((JSON.parse(text) as { AccessToken: Record<string, { total: number }> }).AccessToken)
  return token!.total
}

export function equal(found: unknown, expected: unknown, what: string): void {
  const [is, should] = [canonical(found), canonical(expected)]
  if (is !== should) throw new Error(`${what}: expected ${excerpt(should)}, found ${excerpt(is)}.`)
}

/** The same text, or the same JSON: a store that keeps the entries one by one may order and name them as it likes. */
export function sameValue(found: string | undefined, expected: string): void {
  if (found === undefined) throw new Error('The value is absent.')
  if (found !== expected) equal(entriesOf(found), entriesOf(expected), 'value')
}

function entriesOf(text: string): unknown {
  const content = Object.entries(JSON.parse(text) as Record<string, object>)
  return Object.fromEntries(content.map(([section, entries]) => [section, Object.values(entries)]))
}

export function anyVersion(outcome: unknown): void {
  if (typeof outcome !== 'string' || outcome === 'conflict') throw new Error(`Expected a version, found ${excerpt(String(outcome))}.`)
}

export function isConflict(outcome: unknown): void {
  if (outcome !== 'conflict') throw new Error(`Expected 'conflict', found ${excerpt(String(outcome))}.`)
}

/** Waits for what may hang. */
export async function soon<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Nothing happened for 5 s.')), 5000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

const excerpt = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text)

/** One text for equal values, whatever the order of their fields. */
function canonical(value: unknown): string {
  return String(
    JSON.stringify(value, (_key, item: unknown) =>
      typeof item === 'object' && item && !Array.isArray(item)
        ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
        : item,
    ),
  )
}
