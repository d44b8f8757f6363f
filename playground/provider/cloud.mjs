import { randomUUID } from 'node:crypto'
import { parse, stringify } from 'node:querystring'
import { sendError, sendJson, shapeAnswers, withShapedAnswers } from './answers.mjs'
import { onBehalfOfGrant, passwordGrant } from './direct-grants.mjs'
import { instanceDiscovery, userRealm } from './discovery.mjs'
import { playFault } from './faults.mjs'
import { federationPath, samlGrants } from './federation.mjs'
import { providerPages } from './pages.mjs'
import { forwarded, readBody, shapeAuthorizationParameters, shapeTokenForm } from './requests.mjs'
import { handleSignIn } from './sign-in.mjs'
import { createTenantProvider } from './tenant-provider.mjs'
import { addressedBy, sharedNames, tenantById, tenants } from './tenants.mjs'
import { userByName, userBySubject } from './users.mjs'

/** The look-alike under one base URL: a provider for each tenant and each shared name, and the routes in front of them. */
export function createCloud({ library, base, environment }) {
  const { clients, store, settings, faults, log, paces, federation } = environment
  const onServerError = (error) => console.error('The provider failed:', error)
  const providers = new Map()
  for (const key of [...Object.values(tenants).map(({ id }) => id), ...sharedNames]) {
    const { tenant } = addressedBy(key)
    const shaped = { ...library, Provider: withShapedAnswers(library.Provider, { shared: !tenant }) }
    const provider = createTenantProvider({ library: shaped, key, tenant, environment: { ...environment, base, pages: providerPages } })
    shapeAnswers(provider, { base, key, tenant, settings, onServerError })
    providers.set(key, { provider, tenant, callback: provider.callback() })
  }

  return async function handle(req, res) {
    const url = new URL(req.url.replace(/^\/+/, '/'), base)
    const body = req.method === 'POST' ? await readBody(req) : undefined
    const form = body && /^application\/x-www-form-urlencoded/i.test(req.headers['content-type'] ?? '') ? { ...parse(body.toString()) } : {}
    const parameters = req.method === 'POST' ? form : Object.fromEntries(url.searchParams)
    const exchange = {
      url,
      body,
      form,
      path: `/${url.pathname.split('/').filter(Boolean).join('/')}`,
      clientId: parameters.client_id,
      correlationId: req.headers['client-request-id'] ?? url.searchParams.get('client-request-id') ?? randomUUID(),
    }
    const entry = {
      method: req.method,
      path: exchange.path,
      grantType: form.grant_type,
      clientId: exchange.clientId,
      status: 0,
      parameters,
      headers: req.headers,
    }
    log.push(entry)
    res.once('finish', () => {
      entry.status = res.statusCode
    })

    const fault = faults.take(entry)
    if (fault?.after) return playAfter(fault, req, res, exchange)
    if (fault && (await playFault(fault, req, res))) return undefined
    return route(req, res, exchange)
  }

  /** Serves a request whose answer gets lost: what it spends is spent. */
  async function playAfter(fault, req, res, exchange) {
    const { end, writeHead, setHeader } = res
    Object.assign(res, { writeHead: () => res, setHeader: () => res, end: () => res.emit('served') })
    const served = new Promise((resolve) => res.once('served', resolve))
    await Promise.all([served, route(req, res, exchange)])
    Object.assign(res, { end, writeHead, setHeader })
    await playFault(fault, req, res)
  }

  function route(req, res, exchange) {
    const { url, path, correlationId } = exchange
    const [first = '', ...rest] = path.slice(1).split('/')
    const below = rest.join('/')
    if (/^common\/discovery\/instance$/i.test(path.slice(1))) {
      const found = instanceDiscovery(url, base)
      const unknown = { code: 50049, error: 'invalid_instance', text: 'Unknown or invalid instance.' }
      return found ? sendJson(res, 200, found) : sendError(res, unknown, correlationId)
    }
    if (/^userrealm\/[^/]+$/i.test(below)) return sendJson(res, 200, userRealm(decodeURIComponent(rest[1]), base))

    if (path.startsWith(federationPath)) return federate(res, exchange)

    const addressed = addressedBy(first)
    if (!addressed) {
      const text = `Tenant '${first}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`
      return sendError(res, { code: 90002, error: 'invalid_tenant', text }, correlationId)
    }
    const target = { ...exchange, addressed, below }
    if (below.startsWith('login/')) return signIn(req, res, target)
    if (below === 'oauth2/v2.0/token' && req.method === 'POST') return token(req, res, target)
    if (below === 'oauth2/v2.0/devicecode' && req.method === 'POST') return deviceCode(req, res, target)
    return pass(req, res, target)
  }

  function federate(res, { path, body }) {
    const { status, xml } = federation.answer({ path, base, body }) ?? { status: 404, xml: '' }
    res.writeHead(status, { 'content-type': 'application/soap+xml; charset=utf-8' }).end(xml)
  }

  function signIn(req, res, { addressed, below, body }) {
    const { provider, tenant } = providers.get(addressed.key)
    const copy = forwarded(req, { base, url: `/${addressed.key}/${below}` })
    return handleSignIn({ req: copy, res, body, provider, tenant, clients }).catch((error) => {
      const text = `The sign-in cannot be continued (${error.error_description ?? error.message}). Start again from the application.`
      sendError(res, { code: 165900, error: 'invalid_request', text })
    })
  }

  function token(req, res, exchange) {
    const { addressed, form, correlationId, path } = exchange
    const client = clientOf(form, req)
    const { shaped, refusal } = shapeTokenForm({
      form,
      client,
      store,
      origin: req.headers.origin,
      shared: addressed.shared && addressed.key,
    })
    if (refusal) return sendError(res, refusal, correlationId)
    if (form.device_code && paces.isTooSoon(form.device_code)) {
      return sendError(res, { code: 70017, error: 'slow_down', text: 'The device code is asked for too often.' }, correlationId)
    }
    const key = addressed.shared ? (homeOf(form) ?? addressed.key) : addressed.key
    send(req, res, key, {
      url: `/${key}/oauth2/v2.0/token`,
      body: Buffer.from(stringify(shaped)),
      addressedUrl: `${base}${path}`,
      form,
      client,
      correlationId,
    })
  }

  /** The tenant that answers a token request under a shared name: the one of the person behind the code or token. */
  function homeOf({ grant_type: type, code, refresh_token: refreshToken, device_code: deviceCode, username, assertion }) {
    if (type === 'authorization_code') return store.tenantOf('AuthorizationCode', code)
    if (type === 'refresh_token') return store.tenantOf('RefreshToken', refreshToken)
    if (type === passwordGrant) return userByName(username ?? '')?.homeTenantId
    if (Object.values(samlGrants).includes(type)) return userBySubject(federation.find(assertion)?.subject)?.homeTenantId
    if (type === onBehalfOfGrant) return tenantById(claimsOf(assertion)?.tid)?.id
    return deviceCode && store.tenantOf('DeviceCode', deviceCode)
  }

  function deviceCode(req, res, { addressed, below, form, correlationId, path }) {
    const shaped = shapeAuthorizationParameters(new URLSearchParams(form))
    const url = `/${addressed.key}/${below}`
    send(req, res, addressed.key, {
      url,
      body: Buffer.from(String(shaped)),
      addressedUrl: `${base}${path}`,
      form,
      client: clientOf(form, req),
      correlationId,
    })
  }

  /** Everything else goes through; authorization requests get the parameter names that oidc-provider knows. */
  function pass(req, res, { addressed, below, url, body, correlationId }) {
    const { key } = addressed
    if (below === 'v2.0/.well-known/openid-configuration')
      return send(req, res, key, { url: '/.well-known/openid-configuration', correlationId })
    const parameters =
      below === 'oauth2/v2.0/authorize'
        ? shapeAuthorizationParameters(url.searchParams)
        : signOutParameters(addressed, below, url.searchParams)
    const search = parameters.size ? `?${parameters}` : ''
    return send(req, res, key, { url: `/${key}/${below}${search}`, body, correlationId })
  }

  /** Entra returns to any registered redirect URI without being told the client; under a shared name a hint comes from the person's own tenant. */
  function signOutParameters({ shared }, below, parameters) {
    if (below !== 'oauth2/v2.0/logout') return parameters
    const told = new URLSearchParams(parameters)
    if (shared) told.delete('id_token_hint')
    if (!told.has('client_id') && !told.has('id_token_hint') && told.has('post_logout_redirect_uri')) {
      told.set('client_id', claimsOf(parameters.get('id_token_hint'))?.aud ?? clients.native.clientId)
    }
    return told
  }

  function send(req, res, key, request) {
    return providers.get(key).callback(forwarded(req, { base, ...request }), res)
  }

  function clientOf(form, req) {
    const basic = /^basic (.*)$/i.exec(req.headers.authorization ?? '')?.[1]
    const id = form.client_id ?? (basic && decodeURIComponent(Buffer.from(basic, 'base64').toString().split(':')[0]))
    return Object.values(clients).find(({ clientId }) => clientId === id) ?? assertionSubject(form.client_assertion)
  }

  function assertionSubject(assertion) {
    const subject = claimsOf(assertion)?.sub
    return Object.values(clients).find(({ clientId }) => clientId === subject)
  }
}

/** The claims of a JWT, unverified: to find out whom to ask. */
function claimsOf(jwt) {
  try {
    return JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString())
  } catch {
    return undefined
  }
}
