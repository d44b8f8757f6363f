import { guarded } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import type { CredentialType } from './entities.ts'
import { Partitions } from './partitions.ts'
import type { TokenEvent } from './token-event.ts'

const partitions = /* @__PURE__ */ new WeakMap<TokenCache, Partitions>()

/** The inside of a token cache, for the clients. */
export const partitionsOf = (cache: TokenCache): Partitions => partitions.get(cache)!

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
  constructor() {
    partitions.set(this, new Partitions())
  }

  /**
   * Checks an answer of the token endpoint and stores its tokens.
   *
   * @throws {@link ServerError} the answer is an OAuth error; {@link NetworkError} `bad_response` or {@link ClientAuthError}: it fails validation.
   * Nothing is stored then.
   */
  add(event: TokenEvent): Promise<void> {
    return guarded(async () => {
      const [{ readTokenEvent }, { writeOutcome }] = await loaded(Promise.all([import('./token-event.ts'), import('./write.ts')]))
      writeOutcome(partitionsOf(this), event, readTokenEvent(event))
    })
  }

  /**
   * The entries of one section whose fields equal those of the query; `target` matches as a subset, without regard to case.
   * What is returned is a copy.
   *
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
