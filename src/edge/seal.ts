/** Seals what goes into a cookie. Loaded when it is first used: it brings jose. */
import type { EncryptionKey } from '../core/cache/encrypted.ts'
import { ClientConfigurationError } from '../core/errors.ts'
import { decodeBase64Url } from '../core/util/base64url.ts'
import { encodeBase64Url } from '../core/util/base64url-encode.ts'
import { sha256 } from '../core/util/crypto.ts'
import { CompactEncrypt, compactDecrypt } from './jose.ts'
import type { SealKey, SealKeys } from './seal-flow.ts'

/** What a cookie may be for: one that is sealed as one kind is never opened as another. */
export type Kind = 'flow' | 'session'

/** Browsers keep 4 096 bytes of name and value (RFC 6265bis section 5.6). */
const maxLength = 4000

/** A JWE (RFC 7516) under the first key, by `dir` and `A256GCM`. Its header, which names the kind, is authenticated. */
export async function seal(kind: Kind, content: object, keys: SealKeys): Promise<string> {
  const [key] = readKeys(keys)
  const plain = new TextEncoder().encode(JSON.stringify(content))
  const sealed = await new CompactEncrypt(plain).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: typeOf(kind) }).encrypt(key!)
  if (sealed.length <= maxLength) return sealed
  throw new ClientConfigurationError(
    'invalid_argument',
    `The ${kind} takes ${sealed.length} bytes, of which a cookie holds ${maxLength}: keep it on the server, under a random name.`,
  )
}

/** What one of the keys has sealed as this kind; undefined for anything else. */
export async function open<T>(kind: Kind, sealed: unknown, keys: SealKeys): Promise<T | undefined> {
  const all = readKeys(keys)
  if (typeof sealed !== 'string' || sealed.length > maxLength) return undefined
  const only = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'], maxDecompressedLength: 0 }
  for (const key of all) {
    try {
      const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, only)
      return protectedHeader.typ === typeOf(kind) ? JSON.parse(new TextDecoder().decode(plaintext)) : undefined
    } catch {
      // Another key's, or nobody's.
    }
  }
  return undefined
}

/** A short name for a text that tells nothing of it. */
export const digest = async (text: string): Promise<string> => encodeBase64Url((await sha256(text)).subarray(0, 12))

const typeOf = (kind: Kind) => `msal-isomorphic-${kind}`

function readKeys(keys: SealKeys): (EncryptionKey | Uint8Array)[] {
  const all = (Array.isArray(keys) ? keys : [keys]).map(readKey)
  if (all.length && all.every((key) => key !== undefined)) return all as (EncryptionKey | Uint8Array)[]
  throw new ClientConfigurationError('invalid_argument', 'keys must be AES-GCM keys of 256 bits, or 32 random bytes as base64 each.')
}

/** Undefined for what is no key, or may not do what is asked of it. */
function readKey(key: SealKey, index: number): EncryptionKey | Uint8Array | undefined {
  if (typeof key === 'string') {
    try {
      const bytes = decodeBase64Url(key)
      return bytes.length === 32 ? bytes : undefined
    } catch {
      return undefined
    }
  }
  const { algorithm, usages = [] } = Object(key) as Partial<CryptoKey>
  const fits = algorithm?.name === 'AES-GCM' && (algorithm as AesKeyAlgorithm).length === 256
  return fits && usages.includes('decrypt') && (index || usages.includes('encrypt')) ? key : undefined
}
