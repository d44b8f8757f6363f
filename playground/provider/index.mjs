import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { exportJWK, generateKeyPair } from 'jose'
import { createCertificate } from './certificate.mjs'
import { createClients } from './clients.mjs'
import { createCloud } from './cloud.mjs'
import { createPaces } from './device-paces.mjs'
import { errorBody } from './errors.mjs'
import { createFaults } from './faults.mjs'
import { createFederation } from './federation.mjs'
import { defaults } from './settings.mjs'
import { createStore } from './store.mjs'
import { tenants } from './tenants.mjs'
import { users } from './users.mjs'

export { createCertificate, tenants, users }

/**
 * Starts a look-alike of the Microsoft identity platform on 127.0.0.1. Development only: fixed passwords, everything in memory.
 *
 * Options:
 *   port, httpsPort    0 (default) takes a free port; `https: false` leaves the second listener out
 *   settings           lifetimes and rotation, see settings.mjs
 *   certificate        PEM of the certificate that the client `webCertificate` signs with (default: a fresh key pair)
 *   clients            further registrations by name, see clients.mjs
 *   publicUrl          the URL the provider believes to have, where a proxy or a host rule maps another name to it
 */
export async function startProvider(options = {}) {
  const { port = 0, httpsPort = 0, https = true, certificate, publicUrl } = options
  const library = await loadLibrary()
  const settings = { ...defaults, ...options.settings }
  const clients = createClients({ certificate, extra: options.clients })
  const faults = createFaults()
  const requests = []
  const log = { push: (entry) => requests.push(entry) > 10_000 && requests.shift() }
  const store = createStore({
    settings,
    clients,
    current: () => library.Provider.ctx,
    refuse: (reason) => new library.errors.InvalidGrant(reason),
  })
  const paces = createPaces(settings)
  const federation = createFederation(settings)
  const environment = {
    settings,
    clients,
    store,
    faults,
    log,
    paces,
    federation,
    keys: await signingKeys(),
    cookieKeys: [randomBytes(32).toString('hex')],
  }

  // Longer than clients keep a connection that is idle: whoever closes it first must not be the server.
  const plain = createServer({ keepAliveTimeout: 30_000 })
  const url = await listen(plain, port)
  serve(plain, createCloud({ library, base: publicUrl ?? url, environment }))

  const tls = https ? createCertificate(publicUrl ? new URL(publicUrl).hostname : 'localhost') : undefined
  const secure = tls && createSecureServer({ key: tls.privateKey, cert: tls.certificate })
  const httpsUrl = secure && (await listen(secure, httpsPort, 'https'))
  if (secure) serve(secure, createCloud({ library, base: publicUrl ?? httpsUrl, environment }))

  async function close() {
    await Promise.all([plain, secure].filter(Boolean).map(closeServer))
  }

  return {
    url: publicUrl ?? url,
    localUrl: url,
    httpsUrl,
    /** PEM of the certificate that HTTPS is served with; it is its own authority. */
    ca: tls?.certificate,
    tenants,
    users,
    clients,
    settings,
    requests,
    control: {
      failNext: faults.failNext,
      clearFaults: faults.clear,
      /** Answers the next requests (a `when` as in `failNext`) with 429, as a busy or annoyed service does. */
      throttleNext: ({ seconds = 60, ...fault } = {}) =>
        faults.failNext({ ...fault, status: 429, headers: { 'retry-after': String(seconds) }, body: errorBody(throttled) }),
      /** Revokes refresh tokens of a user (or everybody's); with `sessions`, their browser sessions too. */
      revoke: ({ user, sessions } = {}) => store.revoke({ subject: user?.subject, sessions }),
    },
    /** How many token requests there were, optionally of one grant type. */
    tokenRequests: (grantType) =>
      requests.filter(
        (entry) => entry.path.endsWith('/oauth2/v2.0/token') && entry.method === 'POST' && (!grantType || entry.grantType === grantType),
      ),
    /** An authority on this provider: `authority(tenants.contoso)`, `authority('common')`, `authority(tenant, { https: true })`. */
    authority(tenant = 'common', { https: secured = false } = {}) {
      return `${publicUrl ?? (secured ? httpsUrl : url)}/${tenant.id ?? tenant}`
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const throttled = { code: 90055, error: 'temporarily_unavailable', text: 'The server terminated the request: there are too many of them.' }

/** oidc-provider says on every start that it wants a newer Node; it works with ours, and this is a development tool. */
async function loadLibrary() {
  const { warn } = console
  console.warn = (...words) => String(words[0]).includes('Unsupported runtime') || warn(...words)
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}

async function signingKeys() {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { keys: [{ ...(await exportJWK(privateKey)), kid: randomBytes(12).toString('base64url'), use: 'sig', alg: 'RS256' }] }
}

async function listen(server, port, scheme = 'http') {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return `${scheme}://localhost:${server.address().port}`
}

function serve(server, handle) {
  server.on('request', (req, res) => {
    handle(req, res).catch((error) => {
      if (!(error instanceof RangeError)) console.error('The provider failed:', error)
      if (!res.headersSent) res.writeHead(error instanceof RangeError ? 413 : 500)
      res.end()
    })
  })
}

async function closeServer(server) {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
