/** Signs client assertions (RFC 7523). */
import type { CertificateCredential, ExternalSignCredential } from '../options.ts'
import { isYoung } from '../util/age.ts'
import { decodeBase64Url } from '../util/base64url.ts'
import { encodeBase64Url, encodeBase64UrlText } from '../util/base64url-encode.ts'
import { loaded } from '../util/loaded.ts'
import { credentialInvalid, pemCertificates, pemPrivateKey } from '../util/pem.ts'
import type { ClientAuthenticationContext } from './client-assertion.ts'
import { guard, type SigningAlgorithm, type SigningCredential, signingAlgorithm, thumbprintOf } from './credential.ts'

export interface AssertionSigner {
  /** The assertion for this audience that is still good, or is being signed. */
  reuse(context: ClientAuthenticationContext): Promise<string> | undefined
  sign(credential: SigningCredential, context: ClientAuthenticationContext): Promise<string>
}

const LIFETIME = 600
/** Milliseconds that an assertion is sent again for. Not to its end: the request takes its time, and clocks differ. */
const REUSE = 540_000
/** An application that serves more tenants than this signs again for the longest unused of them. */
const MAX_REUSED = 1_000

/** RFC 7518 sections 3.3 and 3.5. WebCrypto ignores `saltLength` where it means nothing. */
const WEB_CRYPTO = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', saltLength: 0 },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
}

export function assertionSigner(clientId: string, clientClaims: Record<string, unknown> = {}): AssertionSigner {
  const signed = new Map<string, { assertion: Promise<string>; at: number }>()
  const keyOf = keyImporter()
  // An audience is a URL: nothing runs together.
  const slotOf = ({ audience, adfs }: ClientAuthenticationContext) => audience + adfs

  function reuse(context: ClientAuthenticationContext): Promise<string> | undefined {
    const slot = signed.get(slotOf(context))
    return isYoung(slot?.at, REUSE) ? slot!.assertion : undefined
  }

  return {
    reuse,
    sign(credential, context) {
      const iat = Math.floor(Date.now() / 1000)
      const registered = { aud: context.audience, iss: clientId, sub: clientId, iat, exp: iat + LIFETIME, jti: crypto.randomUUID() }
      const claims = { ...registered, ...clientClaims }
      const create = () => guard('Signing', () => assemble(credential, context.adfs, claims, keyOf))
      // What the application says of itself may be true of one request only.
      if (Object.keys(registered).some((claim) => Object.hasOwn(clientClaims, claim))) return create()

      const pending = reuse(context)
      if (pending) return pending
      const name = slotOf(context)
      signed.delete(name)
      for (const oldest of signed.keys()) if (signed.size >= MAX_REUSED) signed.delete(oldest)
      const assertion = create()
      const slot = { assertion, at: iat * 1000 }
      signed.set(name, slot)
      assertion.catch(() => signed.get(name) === slot && signed.delete(name))
      return assertion
    },
  }
}

/** Header, claims and signature as a JWS in compact form (RFC 7515 section 7.1). */
async function assemble(
  credential: SigningCredential,
  adfs: boolean | undefined,
  claims: Record<string, unknown>,
  keyOf: ReturnType<typeof keyImporter>,
): Promise<string> {
  const alg = signingAlgorithm(credential, adfs)
  const x5c = credential.publicCertificate ? pemCertificates(credential.publicCertificate) : undefined
  const header = { alg, typ: 'JWT', ...(await nameOfCertificate(alg, thumbprintOf(credential), x5c?.[0])), x5c }
  const input = `${encodeBase64UrlText(JSON.stringify(header))}.${encodeBase64UrlText(JSON.stringify(claims))}`
  const data = new TextEncoder().encode(input)
  const { sign } = credential as Partial<ExternalSignCredential>
  const signature: unknown = sign
    ? await sign.call(credential, data, alg)
    : new Uint8Array(await crypto.subtle.sign(WEB_CRYPTO[alg], await keyOf(credential as CertificateCredential, alg), data))
  // Not instanceof: a signer may come from another realm, as Node's own modules do under some test runners.
  if (!ArrayBuffer.isView(signature) || !signature.byteLength) throw credentialInvalid('sign must give bytes.')
  return `${input}.${encodeBase64Url(signature as Uint8Array)}`
}

/** What the server finds the certificate by (RFC 7515 sections 4.1.7 and 4.1.8): the digest of its DER, which is what a thumbprint is. */
async function nameOfCertificate(alg: SigningAlgorithm, thumbprint: string | undefined, certificate: string | undefined) {
  const sha1 = alg === 'RS256'
  const digest = thumbprint
    ? Uint8Array.from(thumbprint.match(/../g)!, (byte) => Number.parseInt(byte, 16))
    : new Uint8Array(await crypto.subtle.digest(sha1 ? 'SHA-1' : 'SHA-256', decodeBase64Url(certificate!)))
  return { [sha1 ? 'x5t' : 'x5t#S256']: encodeBase64Url(digest) }
}

/** Imports a PEM once per algorithm. By its text, because a function that gives the credential gives a new object each time. */
function keyImporter() {
  const imported = new Map<SigningAlgorithm, { pem: string; passphrase: string | undefined; key: Promise<CryptoKey> }>()
  return ({ privateKey: pem, passphrase }: CertificateCredential, alg: SigningAlgorithm): CryptoKey | Promise<CryptoKey> => {
    if (typeof pem !== 'string') return pem
    const last = imported.get(alg)
    if (last?.pem === pem && last.passphrase === passphrase) return last.key
    const entry = { pem, passphrase, key: importKey(pem, passphrase, alg) }
    imported.set(alg, entry)
    entry.key.catch(() => imported.get(alg) === entry && imported.delete(alg))
    return entry.key
  }
}

async function importKey(pem: string, passphrase: string | undefined, alg: SigningAlgorithm): Promise<CryptoKey> {
  const block = pemPrivateKey(pem)
  const readable = block.label === 'PRIVATE KEY'
  return guard('Reading privateKey (RSA? the passphrase?)', async () => {
    const der = readable ? decodeBase64Url(block.body) : await (await loaded(import('../util/pkcs8.ts'))).toPkcs8(block, passphrase ?? '')
    return crypto.subtle.importKey('pkcs8', der, WEB_CRYPTO[alg], false, ['sign'])
  })
}
