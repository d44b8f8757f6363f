import { ClientConfigurationError } from '../errors.ts'
import type { CacheStore } from '../ports.ts'
import { decodeBase64Url } from '../util/base64url.ts'
import { encodeBase64Url } from '../util/base64url-encode.ts'

/** Tells the format, so that there can be another. */
const prefix = 'A256GCM.'
const ivLength = 12

/** A WebCrypto `CryptoKey`. Not every runtime's types know that name. */
export type EncryptionKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/**
 * Encrypts what goes into a store with AES-256-GCM, and nobody without a key can read or change it, or pass one partition's value off as
 * another's. Names of partitions stay readable: they hold account ids.
 *
 * A value that none of the keys decrypts counts as absent, and the next write replaces it. To rotate keys put the new one first and keep
 * the old ones for as long as refresh tokens live (90 days with Microsoft Entra ID). Errors of the store come through.
 *
 * @param keys The first one writes, all read.
 * @throws ClientConfigurationError `invalid_argument` for no key, or one that is not AES-GCM with 256 bits and the usages it needs
 * @example
 * ```ts
 * const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']) // 32 bytes
 * const tokenCache = new TokenCache({ store: encrypted(redisStore(client), key) })
 * ```
 */
export function encrypted(store: CacheStore, keys: EncryptionKey | readonly EncryptionKey[]): CacheStore {
  if (typeof store?.read !== 'function') throw new ClientConfigurationError('invalid_argument', 'A store is needed.')
  const all = checkKeys(Array.isArray(keys) ? keys : [keys])
  const wrapped: CacheStore = {
    async read(partition) {
      const found = await store.read(partition)
      if (!found) return null
      const value = await open(all, partition, found.value)
      return value === undefined ? null : { value, version: found.version }
    },
    async write(partition, value, options) {
      const sealed = await seal(all[0]!, partition, value)
      const outcome = await store.write(partition, sealed, options)
      if (outcome !== 'conflict' || options.version !== null) return outcome
      // Something is there that `read` calls absent: it would be in the way for ever.
      const found = await store.read(partition)
      if (!found || (await open(all, partition, found.value)) !== undefined) return outcome
      return await store.write(partition, sealed, { ...options, version: found.version })
    },
    remove: (partition) => store.remove(partition),
  }
  if (store.list) wrapped.list = () => store.list!()
  if (store.lock) wrapped.lock = (partition, task, signal) => store.lock!(partition, task, signal)
  if (store.watch) wrapped.watch = (changed) => store.watch!(changed)
  return wrapped
}

function checkKeys(keys: readonly CryptoKey[]): readonly CryptoKey[] {
  const fits = ({ algorithm, usages }: CryptoKey, index: number) =>
    algorithm.name === 'AES-GCM' &&
    (algorithm as AesKeyAlgorithm).length === 256 &&
    usages.includes('decrypt') &&
    (index > 0 || usages.includes('encrypt'))
  if (keys.length && keys.every((key, index) => key?.algorithm && fits(key, index))) return [...keys]
  throw new ClientConfigurationError(
    'invalid_argument',
    'keys must be AES-GCM keys of 256 bits that may decrypt, the first of which may encrypt.',
  )
}

async function seal(key: CryptoKey, partition: string, value: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(ivLength))
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm(iv, partition), key, new TextEncoder().encode(value)))
  const whole = new Uint8Array(ivLength + sealed.length)
  whole.set(iv)
  whole.set(sealed, ivLength)
  return prefix + encodeBase64Url(whole)
}

/** Undefined for what none of the keys has sealed for this partition. */
async function open(keys: readonly CryptoKey[], partition: string, text: string): Promise<string | undefined> {
  const whole = text.startsWith(prefix) && decodeOrUndefined(text.slice(prefix.length))
  if (!whole) return undefined
  const iv = whole.subarray(0, ivLength)
  for (const key of keys) {
    try {
      const plain = await crypto.subtle.decrypt(algorithm(iv, partition), key, whole.subarray(ivLength))
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(plain)
    } catch {
      // Another key's, or nobody's.
    }
  }
  return undefined
}

function decodeOrUndefined(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return decodeBase64Url(text)
  } catch {
    return undefined
  }
}

/** Bound to the partition's name, a value means nothing anywhere else. */
const algorithm = (iv: Uint8Array<ArrayBuffer>, partition: string): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(partition),
})
