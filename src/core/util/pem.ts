import { ClientConfigurationError } from '../errors.ts'

/** One block of a PEM text: `body` is what stands between its lines, without white space. */
export interface PemBlock {
  label: string
  body: string
}

export function credentialInvalid(message: string): ClientConfigurationError {
  return new ClientConfigurationError('credential_invalid', message)
}

/** Environment variables often carry a PEM whose line ends are a backslash and a letter; neither form is base64. */
const withoutLineEnds = (text: string) => text.replace(/\\[nr]|\s/g, '')

/** The blocks of a PEM text (RFC 7468) in their order; what stands around them is passed over. */
export function pemBlocks(text: string): PemBlock[] {
  return Array.from(text.matchAll(/-----BEGIN ([A-Z\d ]+)-----([\s\S]*?)-----END \1-----/g), ([, label, body]) => ({
    label: label!,
    body: withoutLineEnds(body!),
  }))
}

/** The certificates of a PEM text in their order, each as `x5c` wants it: base64 of the DER. Text without any marker is one certificate. */
export function pemCertificates(text: string): string[] {
  const marked = /-----|PRIVATE KEY/.test(text)
  const certificates = marked
    ? pemBlocks(text).flatMap(({ label, body }) => (label === 'CERTIFICATE' ? body : []))
    : [withoutLineEnds(text)]
  if (!certificates.length || !certificates.every((body) => /^[\w+/-]+=*$/.test(body)))
    throw credentialInvalid('publicCertificate holds no PEM certificate.')
  return certificates
}

/** The first RSA private key of a PEM text. */
export function pemPrivateKey(text: string): PemBlock {
  const block = pemBlocks(text).find(({ label }) => /^((RSA|ENCRYPTED) )?PRIVATE KEY$/.test(label))
  if (!block) throw credentialInvalid('privateKey must be an RSA key in PEM, as PKCS#8 or PKCS#1.')
  return block
}
