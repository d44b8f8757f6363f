import { X509Certificate } from 'node:crypto'
import { createCertificate, describeCertificate } from './certificate.mjs'
import { onBehalfOfGrant, passwordGrant } from './direct-grants.mjs'
import { samlGrants } from './federation.mjs'

/** Redirect URIs that match by origin without port: `http://localhost` accepts any port, and with `anyPath` any path too. */
const loopback = ['http://localhost', 'http://127.0.0.1', 'https://localhost', 'https://127.0.0.1']

/**
 * The registered applications. `type` is Entra's platform: `native` and `spa` are public, `web` and `daemon` authenticate.
 * Secrets are for development only; the certificate clients share a fresh key unless the caller brings a certificate (PEM).
 */
export function createClients({ certificate, extra = {} } = {}) {
  const own = certificate ? { ...describeCertificate(certificate), privateKey: '' } : createCertificate('notes-web')
  return {
    native: { clientId: '0a0a0a0a-0000-4000-8000-00000000aaaa', name: 'Notes CLI', type: 'native', redirectUris: loopback },
    spa: { clientId: '5ba5ba5b-0000-4000-8000-00000000bbbb', name: 'Notes in the browser', type: 'spa', redirectUris: loopback },
    web: {
      clientId: '3eb3eb3e-0000-4000-8000-00000000cccc',
      name: 'Notes on the web',
      type: 'web',
      redirectUris: loopback,
      secret: 'web-secret-for-development',
    },
    webCertificate: {
      clientId: 'ce27ce27-0000-4000-8000-00000000dddd',
      name: 'Notes on the web, with a certificate',
      type: 'web',
      redirectUris: loopback,
      ...own,
    },
    daemon: {
      clientId: 'dae30000-0000-4000-8000-00000000eeee',
      name: 'Notes archiver',
      type: 'daemon',
      redirectUris: [],
      secret: 'daemon-secret-for-development',
    },
    daemonCertificate: {
      clientId: 'dae3ce27-0000-4000-8000-00000000efef',
      name: 'Notes archiver, with a certificate',
      type: 'daemon',
      redirectUris: [],
      ...own,
    },
    api: {
      clientId: 'a91a91a9-0000-4000-8000-00000000a91a',
      name: 'Notes',
      type: 'web',
      redirectUris: [],
      secret: 'api-secret-for-development',
      identifierUri: 'api://notes',
    },
    familyOne: {
      clientId: 'fa311100-0000-4000-8000-00000000f001',
      name: 'Family one',
      type: 'native',
      redirectUris: loopback,
      family: '1',
    },
    familyTwo: {
      clientId: 'fa311100-0000-4000-8000-00000000f002',
      name: 'Family two',
      type: 'native',
      redirectUris: loopback,
      family: '1',
    },
    ...Object.fromEntries(Object.entries(extra).map(([name, client]) => [name, complete(client)])),
  }
}

const complete = (client) => (client.certificate ? { ...client, ...describeCertificate(client.certificate) } : client)

/** The registration in oidc-provider's terms. */
export function toMetadata(client) {
  const interactive = client.redirectUris.length > 0
  return {
    client_id: client.clientId,
    client_name: client.name,
    application_type: 'web',
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.redirectUris,
    response_types: interactive ? ['code'] : [],
    grant_types: [
      ...(interactive ? ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'] : []),
      ...(interactive && client.type !== 'spa' ? [passwordGrant, ...Object.values(samlGrants)] : []),
      ...(client.identifierUri ? [onBehalfOfGrant] : []),
      ...(interactive || client.identifierUri ? ['refresh_token'] : []),
      ...(isConfidential(client) ? ['client_credentials'] : []),
    ],
    ...authentication(client),
  }
}

function authentication({ secret, certificate }) {
  if (secret) return { token_endpoint_auth_method: 'client_secret_post', client_secret: secret }
  if (certificate) return { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicJwk(certificate)] } }
  return { token_endpoint_auth_method: 'none' }
}

function publicJwk(certificate) {
  const { kty, n, e } = new X509Certificate(certificate).publicKey.export({ format: 'jwk' })
  return { kty, n, e, use: 'sig' }
}

export const isConfidential = ({ secret, certificate }) => Boolean(secret || certificate)

/** Whether credentials came with the request of a client that has none. */
export const hasNeedlessCredential = (client, form) => !isConfidential(client) && Boolean(form.client_secret || form.client_assertion)

/** `http://localhost` stands for any port and any path on it; every other URI must be repeated exactly. */
export function redirectUriAllowed(client, uri) {
  if (client.redirectUris.includes(uri)) return true
  const url = URL.parse(uri)
  if (!url || url.hash || url.username) return false
  return client.redirectUris.some((allowed) => loopback.includes(allowed) && allowed === `${url.protocol}//${url.hostname}`)
}

/** Entra answers cross-origin requests only for the redirect URIs of single-page applications. */
export function originAllowed(client, origin) {
  return client.type === 'spa' && redirectUriAllowed(client, origin)
}

/** Whether a client assertion names this client's certificate, by SHA-1 (`x5t`) or SHA-256 (`x5t#S256`). */
export function namesCertificate(client, header) {
  const named = (value) => Buffer.from(String(value), 'base64url').toString('hex').toUpperCase()
  if (header['x5t#S256'] !== undefined) return named(header['x5t#S256']) === client.thumbprintSha256
  return header.x5t !== undefined && named(header.x5t) === client.thumbprint
}
