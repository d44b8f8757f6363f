import type { AssertionCredential, CertificateCredential, ClientCredential, ExternalSignCredential } from '../options.ts'
import { checkTypes } from '../util/check-types.ts'
import { credentialInvalid, pemCertificates, pemPrivateKey } from '../util/pem.ts'
import { type AssertionSigner, assertionSigner } from './assertion-signer.ts'
import { guard, noThumbprint, type SigningCredential, signingAlgorithm, thumbprintOf } from './credential.ts'

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

/** Who the client is, in the fields of a form. */
export interface CredentialFields {
  client_secret?: string
  client_assertion_type?: string
  /** Makes the assertion. Called when the request is about to go out, and only if it does. */
  client_assertion?: () => Promise<string>
}

export interface ClientAuthentication {
  /** The form fields that say who the client is (RFC 6749 section 2.3.1, RFC 7523 section 2.2). Call it once per request: a function that gives the credential may be asked. */
  authenticate(context: ClientAuthenticationContext): Promise<CredentialFields>
}

/**
 * Authenticates a confidential client. Throws where the options alone are wrong; a function that gives the credential is judged by its answers.
 * Everything secret stays in this closure, where nothing prints it.
 */
export function clientAuthentication({ clientId, credential, clientClaims }: ClientAuthenticationOptions): ClientAuthentication {
  if (typeof credential !== 'function') checkCredential(credential)
  let signer: AssertionSigner | undefined
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
      if (reused) return assertionFields(() => reused)
      const answer = await current()
      if (typeof answer === 'string') return { client_secret: answer }
      const { clientAssertion: made } = answer as Partial<AssertionCredential>
      return assertionFields(() => {
        if (typeof made === 'function') return guard('clientAssertion', () => made({ clientId, tokenEndpoint: context.tokenEndpoint }))
        signer ??= assertionSigner(clientId, clientClaims)
        return made || signer.sign(answer as SigningCredential, context)
      })
    },
  }
}

const assertionFields = (make: () => unknown): CredentialFields => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  async client_assertion() {
    const assertion = await make()
    if (typeof assertion !== 'string' || !assertion) throw credentialInvalid('clientAssertion must give a string.')
    return assertion
  },
})

/** See {@link checkTypes}. */
const wrongTypes = /(thumbprint|Certificate|passphrase) (?!string)|Assertion (?!string|function)|sign (?!function)/

function checkCredential(credential: unknown): asserts credential is ClientCredential {
  if (typeof credential === 'string') {
    if (!credential) throw credentialInvalid('The client secret is empty.')
    return
  }
  const given = (credential ?? {}) as Partial<CertificateCredential & ExternalSignCredential & AssertionCredential>
  const { privateKey, sign, clientAssertion, publicCertificate, passphrase } = given
  if ([privateKey, sign, clientAssertion].filter(Boolean).length !== 1)
    throw credentialInvalid('clientCredential must be a secret, or have privateKey, sign or clientAssertion.')
  checkTypes(given, wrongTypes, credentialInvalid)
  if (clientAssertion) return
  if (publicCertificate) pemCertificates(publicCertificate)
  if (!thumbprintOf(given) && !publicCertificate) throw noThumbprint()
  if (typeof privateKey !== 'string') signingAlgorithm(given)
  else if (pemPrivateKey(privateKey).label === 'ENCRYPTED PRIVATE KEY' && !passphrase)
    throw credentialInvalid('privateKey needs a passphrase.')
}
