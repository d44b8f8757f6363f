import { ClientConfigurationError } from '../errors.ts'
import { partitionFor } from './filing.ts'
import { Partition } from './partition.ts'
import { entriesOf, type Foreign, readSections, writeSections } from './sections.ts'
import { partitionsOf, TokenCache } from './token-cache.ts'

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
  #foreign: Foreign = {}

  constructor() {
    super()
    partitionsOf(this).listeners.add(() => {
      this.hasStateChanged = true
    })
  }

  /** The whole content as JSON; resets `hasStateChanged`. */
  serialize(): string {
    this.hasStateChanged = false
    return writeSections(entriesOf(partitionsOf(this)), this.#foreign, { all: true })
  }

  /**
   * Replaces the content by what any MSAL serialized; null, undefined and an empty string mean an empty cache. Resets `hasStateChanged`.
   *
   * @throws {@link ClientConfigurationError} `cache_invalid`: it is no JSON object. The content stays as it was then.
   */
  deserialize(state?: string | null): void {
    const content = readSections(state == null || state === '' ? '{}' : state)
    if (!content) throw new ClientConfigurationError('cache_invalid', 'The serialized cache is not a JSON object.')
    const memory = partitionsOf(this)
    for (const map of [memory.users, memory.apps, memory.assertions]) map.clear()
    memory.shared = new Partition()
    this.#foreign = content.foreign
    for (const entry of content.entries) partitionFor(memory, entry).load(entry)
    memory.changed()
    this.hasStateChanged = false
  }
}
