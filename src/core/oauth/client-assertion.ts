import { isAuthError } from '../errors.ts'
import type { AssertionCredential, CertificateCredential, ClientCredential, ExternalSignCredential } from '../types.ts'
import { loaded } from '../util/loaded.ts'
import { credentialInvalid, pemCertificates, pemPrivateKey } from '../util/pem.ts'

export interface ClientAuthenticationOptions {
  clientId: string
  credential: ClientCredential | (() => Promise<ClientCredential>)
  /** Added last to the claims of the assertions signed here. */
  clientClaims?: Record<string, unknown> | undefined
}

/** The request that the client authenticates itself in. */
export interface ClientAuthenticationContext {
  /** `aud` of an assertion signed here. */
  audience: string
  /** Where the request goes; told to a callback that makes assertions. */
  tokenEndpoint: string
  /** AD FS knows RS256 with `x5t` only. */
  adfs?: boolean
}

export interface ClientAuthentication {
  /** The form fields that say who the client is (RFC 6749 section 2.3.1, RFC 7523 section 2.2). Call it once per request that is sent. */
  authenticate(context: ClientAuthenticationContext): Promise<Record<string, string>>
}

/** A credential that assertions are signed with here. */
export type SigningCredential = CertificateCredential | ExternalSignCredential

export type SigningAlgorithm = 'PS256' | 'RS256'

/**
 * Authenticates a confidential client. Throws where the options alone are wrong; a function that gives the credential is judged by its answers.
 * Everything secret stays in this closure, where nothing prints it.
 */
export function clientAuthentication({ clientId, credential, clientClaims }: ClientAuthenticationOptions): ClientAuthentication {
  if (typeof credential !== 'function') checkCredential(credential)
  let signer: import('./assertion-signer.ts').AssertionSigner | undefined
  let asked: Promise<ClientCredential> | undefined

  /** Callers that need the credential while it is being asked for share the answer. */
  const current = async () => {
    if (typeof credential !== 'function') return credential
    asked ??= guard('clientCredential', credential).finally(() => {
      asked = undefined
    })
    const answer = await asked
    checkCredential(answer)
    return answer
  }

  return {
    async authenticate(context) {
      const reused = signer?.reuse(context)
      if (reused) return assertionFields(await reused)
      const answer = await current()
      if (typeof answer === 'string') return { client_secret: answer }
      const { clientAssertion: made } = answer as Partial<AssertionCredential>
      if (typeof made === 'function')
        return assertionFields(await guard('clientAssertion', () => made({ clientId, tokenEndpoint: context.tokenEndpoint })))
      if (made) return assertionFields(made)
      const { assertionSigner } = await loaded(import('./assertion-signer.ts'))
      signer ??= assertionSigner(clientId, clientClaims)
      return assertionFields(await signer.sign(answer as SigningCredential, context))
    },
  }
}

function assertionFields(assertion: unknown): Record<string, string> {
  if (typeof assertion !== 'string' || !assertion) throw credentialInvalid('clientAssertion must give a non-empty string.')
  return { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion }
}

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

/** The thumbprint as 40 hexadecimal digits, or undefined where none is given. */
export function thumbprintOf({ thumbprint }: Partial<CertificateCredential>): string | undefined {
  if (!thumbprint) return
  const digits = String(thumbprint).replace(/[\s:]/g, '')
  if (!/^[\da-f]{40}$/i.test(digits)) throw credentialInvalid('thumbprint must be a SHA-1 digest: 40 hexadecimal digits.')
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
    throw credentialInvalid('privateKey must be PEM, or a CryptoKey that signs with RSASSA-PKCS1-v1_5 or RSA-PSS and SHA-256.')
  if (rs256Only && own === 'PS256')
    throw credentialInvalid('An RSA-PSS key goes with publicCertificate alone: a thumbprint, and AD FS, want RSASSA-PKCS1-v1_5.')
  return own
}

function checkCredential(credential: unknown): asserts credential is ClientCredential {
  if (typeof credential === 'string') {
    if (!credential) throw credentialInvalid('The client secret is empty.')
    return
  }
  const given = (credential ?? {}) as Partial<CertificateCredential & ExternalSignCredential & AssertionCredential>
  const { privateKey, sign, clientAssertion, publicCertificate, passphrase } = given
  if ([privateKey, sign, clientAssertion].filter(Boolean).length !== 1)
    throw credentialInvalid('The client credential must be a secret, or have one of privateKey, sign and clientAssertion.')
  if (clientAssertion) {
    if (typeof clientAssertion !== 'string' && typeof clientAssertion !== 'function')
      throw credentialInvalid('clientAssertion must be a string or a function.')
    return
  }
  if (sign && typeof sign !== 'function') throw credentialInvalid('sign must be a function.')
  if (publicCertificate) pemCertificates(String(publicCertificate))
  if (!thumbprintOf(given) && !publicCertificate)
    throw credentialInvalid('The client credential needs a thumbprint or a publicCertificate.')
  if (typeof privateKey !== 'string') signingAlgorithm(given)
  else if (pemPrivateKey(privateKey).label === 'ENCRYPTED PRIVATE KEY' && !passphrase)
    throw credentialInvalid('The private key is encrypted and there is no passphrase.')
}
