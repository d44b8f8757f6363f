import { ClientConfigurationError, isAuthError, NetworkError } from '../core/errors.ts'
import { encodeBase64Url } from '../core/util/base64url-encode.ts'
import { sha256 } from '../core/util/crypto.ts'
import { bounded } from './bounded.ts'

/** What {@link kvStore} and {@link kvHttpCache} use of a binding of Cloudflare Workers KV, a `KVNamespace`. */
export interface KvNamespace {
  /** The value of a key; null: none. */
  get(key: string): Promise<string | null>
  /** Writes a key; `expirationTtl` in seconds. */
  put(key: string, value: string, options?: { expirationTtl?: number; metadata?: object | null }): Promise<void>
  /** Absent is no error. */
  delete(key: string): Promise<void>
  /** The keys that begin with `prefix`, a page at a time. */
  list(options: { prefix: string; cursor?: string }): Promise<KvPage>
}

/** One page of a list of keys. */
export interface KvPage {
  /** The keys, with what was written beside them. */
  keys: { name: string; metadata?: unknown }[]
  /** Whether this is the last page. */
  list_complete: boolean
  /** Where the next page begins. */
  cursor?: string
}

/** Cloudflare refuses a longer key, in bytes, and a shorter life, in seconds. */
const longestKey = 512
export const leastLife = 60

export function checkNamespace(namespace: KvNamespace): void {
  if (typeof namespace?.get !== 'function') throw new ClientConfigurationError('invalid_argument', 'A KV namespace is needed.')
}

/** Room for a hash is left. */
export function checkPrefix(prefix: string): void {
  if (typeof prefix !== 'string' || new TextEncoder().encode(prefix).length > longestKey - 64)
    throw new ClientConfigurationError('invalid_argument', 'The prefix must be a text of at most 448 bytes.')
}

/**
 * A key: the prefix, then the name in braces. A name that is long, or has more than printable ASCII in it, is hashed. No name in a key has
 * braces, so the last pair of them tells name and prefix apart, and no two stores meet.
 */
export async function keyOf(prefix: string, name: string): Promise<string> {
  const plain = `${prefix}{${name}}`
  if (/^[ -z|~]+$/.test(name) && !name.startsWith('#') && new TextEncoder().encode(plain).length <= longestKey) return plain
  // As JSON, because half a surrogate pair would not survive UTF-8.
  return `${prefix}{#${encodeBase64Url(await sha256(JSON.stringify(name)))}}`
}

/** The name in a key, `#` where it is hashed; undefined for a key of another prefix that begins with this one. */
export function nameIn(prefix: string, key: string): string | undefined {
  const name = key.startsWith(prefix) ? /^\{([^{}]+)\}$/.exec(key.slice(prefix.length))?.[1] : undefined
  return name?.startsWith('#') ? '#' : name
}

/** Asks KV for so many milliseconds at most. What it says of a failure may name a person: nothing of it is passed on but the status. */
export async function ask<T>(operation: () => Promise<T>, timeout: number): Promise<T> {
  try {
    return await bounded(timeout, operation)
  } catch (error) {
    if (isAuthError(error)) throw error
    const status = statusOf(error)
    throw new NetworkError('unreachable', `Cloudflare KV could not be asked${status ? ` (${status})` : ''}.`)
  }
}

/** The HTTP status in a failure of KV: `KV PUT failed: 429 Too Many Requests`. */
export function statusOf(error: unknown): string | undefined {
  return /\b[45]\d\d\b/.exec(String((error as Error | undefined)?.message))?.[0]
}
