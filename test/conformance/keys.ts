import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose'

export interface SigningKey {
  kid: string
  alg: string
  privateKey: CryptoKey
  /** The public half, as a key set lists it: without `alg`, so that nothing but the metadata says which one is meant. */
  jwk: JWK
}

const keys = new Map<string, Promise<SigningKey>>()

/** The run's `number`-th key of an algorithm. Made once: RSA keys take long. */
export function signingKey(alg: string, number = 1): Promise<SigningKey> {
  const kid = `${alg}-${number}`
  const key = keys.get(kid) ?? make(alg, kid)
  keys.set(kid, key)
  return key
}

async function make(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } }
}

export function signed(claims: object, { alg, kid, privateKey }: SigningKey, header: object = { kid }): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(claims))
  return new CompactSign(payload).setProtectedHeader({ alg, typ: 'JWT', ...header }).sign(privateKey)
}

/** A JWT of the algorithm `none`: it ends with an empty signature. */
export const unsigned = (claims: object): string =>
  `${[{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`

/** The same claims under a signature that no key has made. */
export function spoiled(jwt: string): string {
  const [header, claims, signature] = jwt.split('.') as [string, string, string]
  const bytes = Buffer.from(signature, 'base64url')
  for (let index = 0; index < bytes.length; index += 7) bytes[index]! ^= 0x5a
  return `${header}.${claims}.${bytes.toString('base64url')}`
}
