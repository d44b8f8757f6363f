import { isAuthError } from '../errors.ts'
import type { CertificateCredential, ExternalSignCredential } from '../options.ts'
import { credentialInvalid } from '../util/pem.ts'

/** A credential that assertions are signed with here. */
export type SigningCredential = CertificateCredential | ExternalSignCredential

export type SigningAlgorithm = 'PS256' | 'RS256'

/** What an application's function throws may hold a secret: only its name is told. An error of this library is safe as it is. */
export async function guard<T>(what: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isAuthError(error)) throw error
    const name = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'unknown error'
    throw credentialInvalid(`${what} failed: ${name}.`)
  }
}

/** Also of a SHA-256 thumbprint, which `publicCertificate` makes needless. */
export const noThumbprint = () => credentialInvalid('thumbprint (a SHA-1) or publicCertificate is needed.')

/** The thumbprint as 40 hexadecimal digits, or undefined where none is given. */
export function thumbprintOf({ thumbprint }: Partial<CertificateCredential>): string | undefined {
  if (!thumbprint) return
  const digits = thumbprint.replace(/[\s:]/g, '')
  if (!/^[\da-f]{40}$/i.test(digits)) throw noThumbprint()
  return digits
}

/** The algorithm that the credential and the server agree on. A `CryptoKey` signs with its own. */
export function signingAlgorithm(credential: Partial<CertificateCredential>, adfs?: boolean): SigningAlgorithm {
  const rs256Only = credential.thumbprint || adfs
  const key = credential.privateKey
  if (!key || typeof key === 'string') return rs256Only ? 'RS256' : 'PS256'
  const { name, hash } = (key.algorithm ?? {}) as { name?: string; hash?: { name: string } }
  const own = name === 'RSA-PSS' ? 'PS256' : 'RS256'
  if ((own === 'RS256' && name !== 'RSASSA-PKCS1-v1_5') || hash?.name !== 'SHA-256' || !key.usages?.includes('sign'))
    throw credentialInvalid('privateKey must be PEM, or a CryptoKey for RS256 or PS256.')
  if (rs256Only && own === 'PS256') throw credentialInvalid('A thumbprint, or AD FS, needs RS256.')
  return own
}
