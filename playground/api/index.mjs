import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { tenants } from '../provider/tenants.mjs'
import { users } from '../provider/users.mjs'
import { answerProfile, createDelegate } from './profile.mjs'

const audience = 'api://notes'
const graph = 'https://graph.microsoft.com'

/**
 * Starts a protected API beside the provider.
 *
 *   GET  /notes                 the caller's notes: needs the scope Notes.Read, or the role Notes.Read.All for an application
 *   POST /notes {"text": "…"}   adds one: needs Notes.Write
 *   GET  /profile               the caller's profile, which it asks a second API for on behalf of the caller: needs Notes.Read
 *   GET  /me                    that second API, which takes tokens for Graph only
 *
 * With `?challenge=1` it wants the authentication context `c1`, which every fresh token has; with `?challenge=c2` (or another name) one
 * that takes a new sign-in. It says so as Entra's conditional access does: 401 and a claims challenge.
 */
export async function startApi({ provider, port = 0 }) {
  const bases = [provider.url, provider.httpsUrl].filter(Boolean)
  const issuers = new Set(bases.flatMap((base) => Object.values(tenants).map(({ id }) => `${base}/${id}/v2.0`)))
  const keySets = new Map()
  const notes = new Map(Object.values(users).map(({ name, objectIds }) => [Object.values(objectIds)[0], [`Welcome, ${name}.`]]))
  const requests = []
  let delegate

  // Longer than clients keep a connection that is idle: whoever closes it first must not be the server.
  const server = createServer({ keepAliveTimeout: 30_000 }, (req, res) => {
    answer(req, res).catch((error) => {
      console.error('The API failed:', error)
      res.writeHead(500).end()
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://localhost:${server.address().port}`
  delegate = createDelegate({ provider, profileUrl: `${url}/me` })

  async function answer(req, res) {
    const { pathname, searchParams } = new URL(req.url, url)
    const cors = {
      'access-control-allow-origin': req.headers.origin ?? '*',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-expose-headers': 'www-authenticate',
      vary: 'origin',
    }
    const send = (status, body, headers = {}) => {
      requests.push({ method: req.method, path: pathname, status })
      res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...cors, ...headers })
      res.end(body === undefined ? undefined : JSON.stringify(body))
    }
    if (req.method === 'OPTIONS') return send(204)
    const methods = { '/notes': ['GET', 'POST'], '/profile': ['GET'], '/me': ['GET'] }[pathname]
    if (!methods) return send(404, { error: 'not_found' })
    if (!methods.includes(req.method)) return send(405, { error: 'method_not_allowed' })

    const token = /^Bearer (.+)$/i.exec(req.headers.authorization ?? '')?.[1]
    if (pathname === '/me') {
      const { status, body } = answerProfile(token && (await validate(token, graph)))
      return send(status, body)
    }
    const claims = token && (await validate(token, audience))
    if (!claims) return send(401, { error: 'invalid_token' }, { 'www-authenticate': challenge(token ? { error: 'invalid_token' } : {}) })
    const needed = req.method === 'GET' ? 'Notes.Read' : 'Notes.Write'
    if (!mayUse(claims, needed)) {
      return send(
        403,
        { error: 'insufficient_scope' },
        { 'www-authenticate': challenge({ error: 'insufficient_scope', scope: `${audience}/${needed}` }) },
      )
    }
    const wanted = searchParams.get('challenge')
    const context = wanted === '1' ? 'c1' : wanted
    if (context && !claims.acrs?.includes(context)) {
      const claimsNeeded = JSON.stringify({ access_token: { acrs: { essential: true, value: context } } })
      const header = challenge({ error: 'insufficient_claims', claims: Buffer.from(claimsNeeded).toString('base64') })
      return send(401, { error: 'insufficient_claims' }, { 'www-authenticate': header })
    }
    if (pathname === '/profile') return sendProfile(send, token, claims)
    const own = notes.get(claims.oid) ?? []
    if (req.method === 'GET')
      return send(200, { owner: claims.name ?? claims.azp, tenant: claims.tid, notes: claims.scp ? own : [...notes.values()].flat() })
    const text = await readText(req)
    if (text === undefined) return send(400, { error: 'invalid_request' })
    notes.set(claims.oid, [...own, text])
    return send(201, { notes: notes.get(claims.oid) })
  }

  /** The answer of the second API. What its token takes of the caller, the caller is told as a claims challenge. */
  async function sendProfile(send, token, { tid, scp }) {
    if (!scp) return send(403, { error: 'insufficient_scope' })
    const { status, body, tokenSource, refusal } = await delegate.ask({ token, tenantId: tid })
    if (!refusal) return send(status, { ...body, tokenSource })
    if (refusal.claims) {
      const header = challenge({ error: 'insufficient_claims', claims: Buffer.from(refusal.claims).toString('base64') })
      return send(401, { error: 'insufficient_claims' }, { 'www-authenticate': header })
    }
    return send(502, { error: 'profile_unavailable', reason: refusal.error ?? refusal.code })
  }

  /** The claims of a token that one of the tenants signed for an API, else undefined. */
  async function validate(token, audience) {
    try {
      const { iss } = decodeJwt(token)
      if (!issuers.has(iss)) return undefined
      const { payload } = await jwtVerify(token, keysOf(iss), { issuer: iss, audience, algorithms: ['RS256'] })
      return iss.endsWith(`/${payload.tid}/v2.0`) ? payload : undefined
    } catch {
      return undefined
    }
  }

  /** The keys of a tenant. They are fetched by plain HTTP, whichever of the provider's addresses issued the token. */
  function keysOf(issuer) {
    const tenantId = issuer.split('/').at(-2)
    if (!keySets.has(tenantId)) keySets.set(tenantId, createRemoteJWKSet(new URL(`${provider.localUrl}/${tenantId}/discovery/v2.0/keys`)))
    return keySets.get(tenantId)
  }

  function challenge(parameters) {
    const all = { realm: '', authorization_uri: `${provider.url}/common/oauth2/v2.0/authorize`, ...parameters }
    return `Bearer ${Object.entries(all)
      .map(([name, value]) => `${name}="${value}"`)
      .join(', ')}`
  }

  async function close() {
    await delegate.close()
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }

  return { url, requests, close, [Symbol.asyncDispose]: close }
}

function mayUse({ scp = '', roles = [] }, scope) {
  return scp.split(' ').includes(scope) || roles.includes(`${scope}.All`)
}

async function readText(req) {
  let body = ''
  for await (const chunk of req) {
    body += chunk
    if (body.length > 10_000) return undefined
  }
  try {
    const { text } = JSON.parse(body)
    return typeof text === 'string' && text ? text : undefined
  } catch {
    return undefined
  }
}
