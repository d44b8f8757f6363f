import { decodeBase64Url, decodeBase64UrlText } from '../core/util/base64url.ts'
import { encodeBase64Url, encodeBase64UrlText } from '../core/util/base64url-encode.ts'

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const kid = 'fake-provider-key'

/** A key pair of a provider's own, made when it is first needed. */
export interface FakeKeys {
  /** The public half, as `jwks_uri` shows it (RFC 7517 section 5). */
  keySet(): Promise<object>
  /** A JWT, signed with RS256 (RFC 7519). */
  sign(claims: object): Promise<string>
  /** The claims of a JWT that this key has signed; undefined for any other text. */
  verify(token: string): Promise<Record<string, unknown> | undefined>
}

export function fakeKeys(): FakeKeys {
  let made: Promise<CryptoKeyPair> | undefined
  const pair = () => {
    made ??= crypto.subtle.generateKey({ ...algorithm, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }, true, [
      'sign',
      'verify',
    ]) as Promise<CryptoKeyPair>
    return made
  }
  return {
    async keySet() {
      const { kty, n, e } = await crypto.subtle.exportKey('jwk', (await pair()).publicKey)
      return { keys: [{ kty, n, e, kid, use: 'sig', alg: 'RS256' }] }
    },
    async sign(claims) {
      const content = `${encodeBase64UrlText(JSON.stringify({ typ: 'JWT', alg: 'RS256', kid }))}.${encodeBase64UrlText(JSON.stringify(claims))}`
      const signature = await crypto.subtle.sign(algorithm, (await pair()).privateKey, new TextEncoder().encode(content))
      return `${content}.${encodeBase64Url(new Uint8Array(signature))}`
    },
    async verify(token) {
      try {
        const [header = '', claims = '', signature = ''] = token.split('.')
        const content = new TextEncoder().encode(`${header}.${claims}`)
        const good = await crypto.subtle.verify(algorithm, (await pair()).publicKey, decodeBase64Url(signature), content)
        return good ? JSON.parse(decodeBase64UrlText(claims)) : undefined
      } catch {
        return undefined
      }
    },
  }
}
