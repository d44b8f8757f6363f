/** Brings the private keys that WebCrypto cannot read into plain PKCS#8. Loaded only for such a key. */
import { ClientConfigurationError } from '../errors.ts'
import { decodeBase64Url } from './base64url.ts'
import type { PemBlock } from './pem.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Beyond it a key file is hostile or damaged: OpenSSL writes 2 048, OWASP asks for 600 000, and this many take seconds. */
const MAX_ITERATIONS = 10_000_000

// Object identifiers by their DER content (RFC 8018 appendices A and B, RFC 8017 appendix C).
const PBES2 = '2a864886f70d01050d'
const PBKDF2 = '2a864886f70d01050c'
const HMAC: Record<string, string> = {
  '2a864886f70d0207': 'SHA-1',
  '2a864886f70d0209': 'SHA-256',
  '2a864886f70d020a': 'SHA-384',
  '2a864886f70d020b': 'SHA-512',
}
const AES_CBC_BITS: Record<string, number> = { '608648016503040102': 128, '608648016503040116': 192, '60864801650304012a': 256 }

/** `version` 0 and the algorithm `rsaEncryption`: what a PKCS#1 key lacks. */
const RSA_PREFIX = [2, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0]

const SEQUENCE = 0x30
const OCTET_STRING = 4

/** A PKCS#1 or encrypted PKCS#8 key (RFC 8017 appendix A.1.2, RFC 5958 section 3) as PKCS#8 in DER. */
export async function toPkcs8({ label, body }: PemBlock, passphrase: string): Promise<Bytes> {
  if (body.startsWith('Proc-Type')) throw unsupported() // the old encryption of OpenSSL derives its key with MD5
  const der = decodeBase64Url(body)
  if (label === 'RSA PRIVATE KEY') return encode(SEQUENCE, [...RSA_PREFIX, ...encode(OCTET_STRING, der)])

  const [scheme, data] = decode(decode(der)[0])
  const [schemeId, parameters] = decode(scheme)
  if (hex(schemeId) !== PBES2) throw unsupported()
  const [derivation, encryption] = decode(parameters)
  const [derivationId, derivationParameters] = decode(derivation)
  const [cipherId, iv] = decode(encryption)
  const [salt, count, ...optional] = decode(derivationParameters)
  const prf = optional.find(({ tag }) => tag === SEQUENCE)
  const hash = prf ? HMAC[hex(decode(prf)[0])] : 'SHA-1'
  const length = AES_CBC_BITS[hex(cipherId)]
  if (hex(derivationId) !== PBKDF2 || salt?.tag !== OCTET_STRING || !hash || !length) throw unsupported()
  const iterations = Number(`0x${hex(count)}`)
  if (iterations > MAX_ITERATIONS) throw invalid(`The private key's encryption asks for more than ${MAX_ITERATIONS} iterations.`)

  const secret = await crypto.subtle.importKey('raw', new TextEncoder().encode(passphrase), 'PBKDF2', false, ['deriveKey'])
  const derived = { name: 'PBKDF2', hash, iterations, salt: salt.content }
  const key = await crypto.subtle.deriveKey(derived, secret, { name: 'AES-CBC', length }, false, ['decrypt'])
  return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv: iv!.content }, key, data!.content))
}

function unsupported() {
  return invalid(
    'WebCrypto cannot decrypt a private key of this kind. Convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in key.pem -out new.pem',
  )
}

interface Element {
  tag: number
  content: Bytes
}

/** The elements inside a constructed one. */
function decode(parent: Element | Bytes | undefined): Element[] {
  const der = parent && ('tag' in parent ? parent.content : parent)
  if (!der) throw new SyntaxError('DER')
  const elements: Element[] = []
  for (let at = 0; at < der.length; ) {
    const tag = der[at++]!
    let length = der[at++]!
    if (length > 0x80) {
      let octets = length & 0x7f
      for (length = 0; octets > 0; octets--) length = length * 256 + der[at++]!
    }
    elements.push({ tag, content: der.subarray(at, at + length) }) // cut short where the key is: what is missing is missed later
    at += length
  }
  return elements
}

function encode(tag: number, content: ArrayLike<number>): Bytes {
  const { length } = content
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff] // no RSA key reaches 64 KiB
  return Uint8Array.from([...head, ...Array.from(content)])
}

function hex(element: Element | undefined): string {
  return Array.from(element?.content ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const invalid = (message: string) => new ClientConfigurationError('credential_invalid', message)
