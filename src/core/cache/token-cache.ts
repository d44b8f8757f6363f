import type { CacheStore } from '../ports.ts'
import { guarded } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import type { CredentialType } from './entities.ts'
import { Partitions } from './partitions.ts'
import type { TokenEvent } from './token-event.ts'

const partitions = /* @__PURE__ */ new WeakMap<TokenCache, Partitions>()

/** The inside of a token cache, for the clients. */
export const partitionsOf = (cache: TokenCache): Partitions => partitions.get(cache)!

/** Options of {@link TokenCache}. */
export interface TokenCacheOptions {
  /** Where partitions are kept beyond this process. Memory is the first of two levels then. Default: in memory only, and nothing that is good is evicted. */
  store?: CacheStore | undefined
  /** Milliseconds that a partition in memory is trusted for before the store is asked again. Default 60 000. */
  revalidateAfter?: number | undefined
  /** Partitions that memory holds at most over a store; the least recently used leave first. Default 10 000. */
  maxPartitions?: number | undefined
  /**
   * Told of a store that fails; without it only the client's `logger` is. The call that met it goes on with what memory holds, and with the token that the provider gave. An operation
   * counts as failed after 5 s. One that takes so long, or three failures in a row, let the store rest: memory alone is used, the store is
   * tried once every 10 s, and each try that fails is told. What has been changed meanwhile is written when it answers again: a sign-out
   * takes along then what others have renewed of that account, and leaves a sign-in that came after it, by the clocks of the two processes.
   */
  onStoreError?: ((error: unknown) => void) | undefined
}

/**
 * Keeps tokens in memory, in the schema that all MSALs share. Every token that a client obtains goes through {@link TokenCache.add},
 * which a subclass may override. (The manual, `TokenCache`.)
 *
 * @example
 * ```ts
 * const tokenCache = new TokenCache()
 * const first = new ConfidentialClientApplication({ clientId, clientCredential, tokenCache })
 * const second = new ConfidentialClientApplication({ clientId, clientCredential, tokenCache }) // finds the first one's tokens
 * ```
 */
export class TokenCache {
  constructor(options?: TokenCacheOptions) {
    const { store, revalidateAfter = 60_000, maxPartitions = 10_000, onStoreError } = options ?? {}
    const memory = new Partitions()
    partitions.set(this, memory)
    if (store) memory.level = { store, revalidateAfter, maxPartitions, onStoreError }
  }

  /**
   * Checks an answer of the token endpoint and stores its tokens.
   *
   * @throws {@link ServerError} the answer is an OAuth error; {@link NetworkError} `bad_response` or {@link ClientAuthError}: it fails validation.
   * Nothing is stored then.
   */
  add(event: TokenEvent): Promise<void> {
    return guarded(async () => {
      const memory = partitionsOf(this)
      const addEvent = memory.addEvent ?? (await loaded(import('./adding.ts'))).addEvent
      await addEvent(memory, event)
    })
  }

  /**
   * The entries of one section whose fields equal those of the query; `target` matches as a subset, without regard to case.
   * What is returned are copies, in the schema's snake_case fields. Over a store it gives what is loaded here, and asks the store nothing.
   *
   * @throws {@link ClientConfigurationError} `invalid_argument`: the query is none
   * @example
   * ```ts
   * const [refreshToken] = await tokenCache.find('RefreshToken', { home_account_id: account.homeAccountId })
   * ```
   */
  find(credentialType: CredentialType, query: { target?: readonly string[] } & Record<string, unknown> = {}): Promise<object[]> {
    return guarded(async () => {
      const { findEntities } = await loaded(import('./find.ts'))
      return findEntities(partitionsOf(this), credentialType, query)
    })
  }
}
