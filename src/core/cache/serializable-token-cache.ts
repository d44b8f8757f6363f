import { ClientConfigurationError } from '../errors.ts'
import { isRecord } from '../util/record.ts'
import type { CredentialType, Entity } from './entities.ts'
import { partitionFor } from './filing.ts'
import { Partition } from './partition.ts'
import { partitionsOf, TokenCache } from './token-cache.ts'

const sections: readonly string[] = ['AccessToken', 'RefreshToken', 'IdToken', 'Account', 'AppMetadata'] satisfies CredentialType[]

/**
 * A token cache that can be written to a string and read again, in the unified schema: MSAL Python, MSAL Node and MSAL .NET read and
 * write the same. (The manual, `SerializableTokenCache`.)
 *
 * @example
 * ```ts
 * const tokenCache = new SerializableTokenCache()
 * tokenCache.deserialize(await readCacheFile())
 * const app = new PublicClientApplication({ clientId, tokenCache })
 * // ... at the end:
 * if (tokenCache.hasStateChanged) await writeCacheFile(tokenCache.serialize())
 * ```
 */
export class SerializableTokenCache extends TokenCache {
  /** Whether anything changed since the last `serialize` or `deserialize`. */
  hasStateChanged = false
  /** Sections, and entries that are no objects: other libraries' business, kept as they came. */
  #foreign: Record<string, unknown> = {}

  constructor() {
    super()
    partitionsOf(this).listeners.add(() => {
      this.hasStateChanged = true
    })
  }

  /** The whole content as JSON; resets `hasStateChanged`. */
  serialize(): string {
    const content: Record<string, Record<string, unknown>> = Object.create(null)
    for (const section of sections) content[section] = Object.create(null)
    for (const { type, key, entity } of partitionsOf(this).entries()) {
      const section = content[type]!
      // Keys are written in lower case, in which two owners may look alike, and without what a token is bound to.
      let name = key
      while (name in section) name += '+'
      section[name] = entity
    }
    for (const [section, value] of Object.entries(this.#foreign)) {
      content[section] = section in content ? { ...(value as object), ...content[section] } : (value as never)
    }
    this.hasStateChanged = false
    return JSON.stringify(content)
  }

  /**
   * Replaces the content by what any MSAL serialized; null, undefined and an empty string mean an empty cache. Resets `hasStateChanged`.
   *
   * @throws {@link ClientConfigurationError} `cache_invalid`: it is no JSON object. The content stays as it was then.
   */
  deserialize(state?: string | null): void {
    const content = parse(state || '{}')
    const memory = partitionsOf(this)
    for (const map of [memory.users, memory.apps, memory.assertions]) map.clear()
    memory.shared = new Partition()
    this.#foreign = Object.create(null)
    for (const [section, value] of Object.entries(content)) {
      if (!sections.includes(section)) this.#foreign[section] = value
      else if (isRecord(value))
        for (const [key, entity] of Object.entries(value)) {
          const entry = { type: section as CredentialType, key, entity: entity as Entity }
          if (isRecord(entity)) partitionFor(memory, entry).load(entry)
          else this.#foreign[section] = Object.assign(this.#foreign[section] ?? Object.create(null), { [key]: entity })
        }
    }
    memory.changed()
    this.hasStateChanged = false
  }
}

function parse(state: string): Record<string, unknown> {
  let content: unknown
  try {
    content = JSON.parse(state)
  } catch {}
  if (!isRecord(content)) throw new ClientConfigurationError('cache_invalid', 'The serialized cache is not a JSON object.')
  return content
}
