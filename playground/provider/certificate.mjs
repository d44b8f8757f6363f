import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'

/**
 * Makes an RSA key and a self-signed certificate for it (DER by hand: Node can read certificates but not write them).
 * It serves HTTPS on localhost as its own certificate authority, and confidential clients as their credential.
 */
export function createCertificate(commonName = 'localhost') {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const name = sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from(commonName)))))
  const algorithm = sequence(oid('2a864886f70d01010b'), der(0x05, Buffer.alloc(0)))
  const day = 86_400_000
  const subjectAltName = sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
    ...(commonName.includes('.') ? [der(0x82, Buffer.from(commonName))] : []),
  )
  const extensions = sequence(
    extension('551d13', sequence(der(0x01, Buffer.from([0xff]))), true), // basicConstraints: CA
    extension('551d11', subjectAltName),
  )
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    name,
    sequence(utcTime(Date.now() - day), utcTime(Date.now() + 365 * day)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]))
  const certificate = new X509Certificate(sequence(body, algorithm, signature))
  return { ...describeCertificate(certificate), privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
}

/** A certificate as PEM with its thumbprints in hex. */
export function describeCertificate(input) {
  const certificate = new X509Certificate(input instanceof X509Certificate ? input.raw : input)
  return {
    certificate: certificate.toString(),
    thumbprint: certificate.fingerprint.replaceAll(':', ''),
    thumbprintSha256: certificate.fingerprint256.replaceAll(':', ''),
  }
}

function der(tag, content) {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts) => der(0x30, Buffer.concat(parts))
const set = (...parts) => der(0x31, Buffer.concat(parts))
const integer = (bytes) => der(0x02, bytes)
const oid = (hex) => der(0x06, Buffer.from(hex, 'hex'))
const utcTime = (ms) => der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))

function extension(id, value, critical = false) {
  return sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value))
}
