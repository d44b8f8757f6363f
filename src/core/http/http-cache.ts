import { isAuthError } from '../errors.ts'
import type { HttpCache } from '../ports.ts'
import { encodeBase64Url } from '../util/base64url-encode.ts'
import { sha256 } from '../util/crypto.ts'
import { type Bounds, withDeadline } from '../util/deadline.ts'
import { isRecord, parseRecord } from '../util/record.ts'
import { type DocumentRequest, fetchDocument, type Http } from './document.ts'

/** In memory, at most 1 024 entries: those that have expired go first, then those that expire soonest. */
export function memoryHttpCache(capacity = 1024): HttpCache {
  const entries = new Map<string, { value: string; expiresAt: number }>()
  return {
    get: (key) => entries.get(key)?.value,
    delete: (key) => entries.delete(key),
    set(key, value) {
      entries.delete(key)
      if (entries.size >= capacity) {
        const now = Date.now()
        let soonest: [string, { expiresAt: number }] | undefined
        for (const entry of entries) {
          if (entry[1].expiresAt <= now) entries.delete(entry[0])
          else if (!soonest || entry[1].expiresAt < soonest[1].expiresAt) soonest = entry
        }
        if (entries.size >= capacity) entries.delete(soonest![0])
      }
      entries.set(key, { value, expiresAt: Number(parseRecord(value)?.expiresAt) || 0 })
    },
  }
}

/** The entry of a key, unless it is broken or expired, or has longer to live than `ttl` or its own `life`. A cache that fails counts as empty. */
export async function recall(http: Http, bounds: Bounds, key: string, ttl: number): Promise<Record<string, unknown> | undefined> {
  return guarded(http, bounds, async (cache) => {
    const found = cache.get(key)
    const text = typeof found === 'string' ? found : await withDeadline(bounds, () => found)
    if (!text) return undefined
    const entry = parseRecord(text)
    const life = Number(entry?.expiresAt) - Date.now()
    // Stored in the future: the clock has been set back since.
    if (life > 0 && life <= Math.min(ttl, Number(entry?.life ?? ttl))) return entry
    await withDeadline(bounds, () => cache.delete(key))
    return undefined
  })
}

/** Keeps a value for `ttl` milliseconds, as a JSON object that carries its `expiresAt`. */
export async function remember(http: Http, bounds: Bounds, key: string, ttl: number, value: object): Promise<void> {
  const text = JSON.stringify({ ...value, expiresAt: Date.now() + ttl })
  await guarded(http, bounds, (cache) => withDeadline(bounds, () => cache.set(key, text)))
}

async function guarded<T>(http: Http, { correlationId }: Bounds, task: (cache: HttpCache) => Promise<T>): Promise<T | undefined> {
  http.cache ??= memoryHttpCache()
  try {
    return await task(http.cache)
  } catch (error) {
    if (isAuthError(error, 'aborted')) throw error
    http.logger?.({ level: 'warn', message: 'The HTTP cache failed; going on without it.', ...(correlationId && { correlationId }) })
    return undefined
  }
}

const day = 86_400_000

/**
 * Gets a JSON object, through the cache for a day. `read` checks it and turns it into what is wanted; it also sees the answers of
 * status 4xx (an empty object where they hold none). What it throws at is neither stored nor served from the cache.
 */
export async function getDocument<T>(
  http: Http,
  request: DocumentRequest,
  read: (document: Record<string, unknown>, status: number) => T,
): Promise<T> {
  const { url, kept } = request
  const key = `GET ${kept ? `${new URL(url).origin} ${encodeBase64Url(await sha256(url))}` : url}`
  const document = (await recall(http, request, key, day))?.document
  if (isRecord(document)) {
    try {
      return read(document, 200)
    } catch {}
  }
  let fresh: object | undefined
  const value = await fetchDocument(http, request, (answered, status) => {
    if (status < 400) fresh = kept ? Object.fromEntries(kept.map((name) => [name, answered[name]])) : answered
    return read(answered, status)
  })
  if (fresh) await remember(http, request, key, day, { document: fresh })
  return value
}
