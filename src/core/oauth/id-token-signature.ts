/** Checks the signature of a token (OpenID Connect Core 3.1.3.7, items 6 to 8). Loaded only where that is asked for: it brings jose. */
import { ClientAuthError, isAuthError, NetworkError } from '../errors.ts'
import { isYoung } from '../util/age.ts'
import { type Joint, jointly } from '../util/jointly.ts'
import { compactVerify, createLocalJWKSet } from './jose.ts'

export interface IdTokenSignatureOptions {
  /** `jwks_uri` of the provider. */
  jwksUri: string
  /** Gets the key set, with the bounds that every request has. */
  fetchJson: (url: string) => Promise<Record<string, unknown>>
  /** Narrows the algorithms that are accepted; it cannot add one. */
  algorithms?: readonly string[] | undefined
  /** What the error calls the token. */
  name?: string | undefined
}

/** Resolves where one of the provider's keys has signed the token, else rejects with `id_token_invalid`. */
export type IdTokenSignatureVerifier = (idToken: string, options: IdTokenSignatureOptions) => Promise<void>

type LocalKeySet = ReturnType<typeof createLocalJWKSet>

interface KeySet extends Joint {
  keys?: LocalKeySet
  /** Fetches begun, and which of them brought the keys: a slow old answer must not replace a newer one. */
  begun: number
  brought: number
  broughtAt?: number
  /** For so many milliseconds from then on an unknown key is no reason to fetch. */
  pause: number
  pausesSince?: number
  /** Why the latest fetch brought nothing. */
  failure?: unknown
}

/** With a public key only: with a shared one, whoever can check a token can make one. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const MAX_AGE = 24 * 3600_000
const COOLDOWN = 30_000
/** After a failure that says nothing else, and at most. */
const RETRY_AFTER = 5_000
const MAX_RETRY_AFTER = 60_000
const MAX_KEY_SETS = 100

/** One per client: nothing is shared between clients but the code. */
export function idTokenSignatureVerifier(): IdTokenSignatureVerifier {
  const keySets = new Map<string, KeySet>()

  return async (idToken, { jwksUri, fetchJson, algorithms = ALGORITHMS, name = 'id token' }) => {
    const accepted = ALGORITHMS.filter((algorithm) => algorithms.includes(algorithm))
    let keySet = keySets.get(jwksUri)
    if (!keySet) {
      for (const oldest of keySets.keys()) if (keySets.size >= MAX_KEY_SETS) keySets.delete(oldest)
      keySet = { begun: 0, brought: 0, pause: COOLDOWN }
      keySets.set(jwksUri, keySet)
    }
    const stale = !isYoung(keySet.broughtAt, MAX_AGE)
    const load = () => jointly(keySet, () => refresh(keySet, jwksUri, fetchJson))
    if (stale) await load()
    const keys = keySet.keys!
    const failure = await verify(idToken, keys, accepted)
    if (!failure) return

    // Keys rotate. A set that another call has fetched since is tried too; a fetch of our own is rationed, whatever the tokens say.
    if (/NO_MATCHING_KEY|SIGNATURE_VERIFICATION/.test(failure)) {
      const pauses = isYoung(keySet.pausesSince, keySet.pause)
      // It may be a good token of a new key: nobody can tell before the provider gives its keys again.
      if (pauses && keySet.failure) throw keySet.failure
      const ours = !stale && !pauses
      if (ours) Object.assign(keySet, { pausesSince: Date.now(), pause: COOLDOWN, failure: undefined })
      if (ours || keySet.attempt) await load()
      if (keySet.keys !== keys && !(await verify(idToken, keySet.keys!, accepted))) return
    }
    throw new ClientAuthError('id_token_invalid', `The ${name}'s signature cannot be verified (${failure}).`)
  }
}

async function refresh(keySet: KeySet, jwksUri: string, fetchJson: IdTokenSignatureOptions['fetchJson']): Promise<void> {
  const turn = ++keySet.begun
  try {
    const json = await fetchJson(jwksUri)
    let keys: LocalKeySet
    try {
      keys = createLocalJWKSet(json as never)
    } catch {
      throw new NetworkError('bad_response', "The provider's key set is malformed.")
    }
    if (turn < keySet.brought) return
    Object.assign(keySet, { keys, brought: turn, broughtAt: Date.now(), pause: COOLDOWN, failure: undefined })
  } catch (error) {
    // A caller who gave up says nothing of the provider.
    const pause = isAuthError(error, 'aborted') ? 0 : Math.min((error as NetworkError).retryAfter ?? RETRY_AFTER, MAX_RETRY_AFTER)
    if (turn > keySet.brought) Object.assign(keySet, { pausesSince: Date.now(), pause, failure: error })
    throw error
  }
}

/** What is wrong with the signature: jose's code, or undefined. Of the header only `alg` and `kid` are ever used. */
async function verify(idToken: string, keys: LocalKeySet, algorithms: string[]): Promise<string | undefined> {
  let kid: string | undefined
  try {
    await compactVerify(
      idToken,
      (header) => {
        kid = header.kid
        if (header.crit) throw new TypeError('crit') // jose knows `b64`, which no id token may have
        return keys(header)
      },
      { algorithms },
    )
  } catch (thrown) {
    const error = thrown as Error & { code?: string; [Symbol.asyncIterator]?: () => AsyncIterator<CryptoKey> }
    // Some providers list a key twice under one `kid`; without a `kid` nothing says which key was meant.
    if (kid !== undefined && error[Symbol.asyncIterator])
      for await (const key of error as unknown as AsyncIterable<CryptoKey>) {
        const matched = await compactVerify(idToken, key, { algorithms }).catch(() => undefined)
        if (matched) return
      }
    // The code of a `DOMException` is a number, and 0 for a key that cannot be imported.
    return error.code || error.name || 'unknown'
  }
  return
}
