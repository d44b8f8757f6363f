/** Seals what goes into a cookie. Loaded when it is first used. */
import type { EncryptionKey } from '../core/cache/encrypted.ts'
import { ClientConfigurationError } from '../core/errors.ts'
import { decodeBase64Url } from '../core/util/base64url.ts'
import { encodeBase64Url, encodeBase64UrlText } from '../core/util/base64url-encode.ts'
import { sha256 } from '../core/util/crypto.ts'
import type { SealKey, SealKeys } from './seal-flow.ts'

/** What a cookie may be for: one that is sealed as one kind is never opened as another. */
export type Kind = 'flow' | 'session'

/** Browsers keep 4 096 bytes of name and value (RFC 6265bis section 5.6). */
const maxLength = 4000
const ivLength = 12
const tagLength = 16

/** A compact JWE (RFC 7516 section 7.1) under the first key, by `dir` and `A256GCM` (RFC 7518 sections 4.5 and 5.3). The header is authenticated. */
export async function seal(kind: Kind, content: object, keys: SealKeys): Promise<string> {
  const [key] = await readKeys(keys)
  const iv = crypto.getRandomValues(new Uint8Array(ivLength))
  const plain = new TextEncoder().encode(JSON.stringify(content))
  const encrypted = new Uint8Array(await crypto.subtle.encrypt(algorithm(kind, iv), key!, plain))
  const parts = [iv, encrypted.subarray(0, -tagLength), encrypted.subarray(-tagLength)].map(encodeBase64Url)
  const sealed = [headerOf(kind), '', ...parts].join('.')
  if (sealed.length <= maxLength) return sealed
  throw new ClientConfigurationError(
    'invalid_argument',
    `The ${kind} takes ${sealed.length} bytes, of which a cookie holds ${maxLength}: keep it on the server, under a random name.`,
  )
}

/** What one of the keys has sealed as this kind; undefined for anything else. */
export async function open<T>(kind: Kind, sealed: unknown, keys: SealKeys): Promise<T | undefined> {
  const all = await readKeys(keys)
  const parts = typeof sealed === 'string' && sealed.length <= maxLength ? sealed.split('.') : []
  // There is one header per kind: nothing in it is for the sender to choose.
  if (parts.length !== 5 || parts[0] !== headerOf(kind) || parts[1]) return undefined
  for (const key of all) {
    try {
      const [iv, text, tag] = parts.slice(2).map(decodeExactly) as [Bytes, Bytes, Bytes]
      if (iv.length !== ivLength || tag.length !== tagLength) return undefined
      const encrypted = new Uint8Array(text.length + tagLength)
      encrypted.set(text)
      encrypted.set(tag, text.length)
      return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(algorithm(kind, iv), key, encrypted)))
    } catch {
      // Another key's, or nobody's.
    }
  }
  return undefined
}

/** A short name for a text that tells nothing of it. */
export const digest = async (text: string): Promise<string> => encodeBase64Url((await sha256(text)).subarray(0, 12))

type Bytes = Uint8Array<ArrayBuffer>

/** Other spellings of the same bytes do not count. */
function decodeExactly(text: string): Bytes {
  const bytes = decodeBase64Url(text)
  if (encodeBase64Url(bytes) !== text) throw new TypeError()
  return bytes
}

const headerOf = (kind: Kind) => encodeBase64UrlText(JSON.stringify({ alg: 'dir', enc: 'A256GCM', typ: `msal-isomorphic-${kind}` }))

const algorithm = (kind: Kind, iv: Bytes): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(headerOf(kind)),
})

async function readKeys(keys: SealKeys): Promise<EncryptionKey[]> {
  const all = await Promise.all((Array.isArray(keys) ? keys : [keys]).map(readKey))
  if (all.length && all.every((key) => key !== undefined)) return all
  throw new ClientConfigurationError('invalid_argument', 'keys must be AES-GCM keys of 256 bits, or 32 random bytes as base64 each.')
}

/** Undefined for what is no key, or may not do what is asked of it. */
async function readKey(key: SealKey, index: number): Promise<EncryptionKey | undefined> {
  if (typeof key === 'string') {
    try {
      const bytes = decodeBase64Url(key.trim())
      return bytes.length === 32 ? await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']) : undefined
    } catch {
      return undefined
    }
  }
  const { algorithm, usages = [] } = Object(key) as Partial<CryptoKey>
  const fits = algorithm?.name === 'AES-GCM' && (algorithm as AesKeyAlgorithm).length === 256
  return fits && usages.includes('decrypt') && (index > 0 || usages.includes('encrypt')) ? key : undefined
}
