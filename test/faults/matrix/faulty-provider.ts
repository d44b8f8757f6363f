import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { mex, port13, rstr } from '../../core/grants/ws-trust/documents.ts'
import { canary } from '../../support/canary.ts'

/** What a client may ask a provider for. */
export type Endpoint = 'instance' | 'discovery' | 'realm' | 'mex' | 'trust' | 'device' | 'token' | 'keys'

/** What the endpoint would answer with, were it well, and what it was asked. */
export interface Scene {
  good: { status: number; type: string; body: string }
  /** Name and value of everything that was sent. */
  sent: URLSearchParams
}

/** A way to misbehave on a real socket. */
export type Fault = (response: ServerResponse, scene: Scene) => void

/** One tenant of the provider: one cell of the matrix, which nothing of another cell can reach. */
export interface Tenant {
  id: string
  authority: string
  /** The endpoint that misbehaves, and how; none: all is well. */
  fault?: { endpoint: Endpoint; play: Fault } | undefined
  hits: Endpoint[]
  /** What it has told its clients that nobody else may know. */
  issued: string[]
  /** The person's company keeps their password. */
  federated: boolean
  /** Changes the claims of its id tokens. */
  claims: Record<string, unknown>
  /** What becomes of a refresh token that was used before: it is good for ever, refused, or good all the same for a while. */
  rotation: 'none' | 'strict' | 'grace'
  used: Set<string>
  codes: Map<string, { nonce?: string | undefined; challenge?: string | undefined }>
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' }
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export const clientId = '33333333-3333-4333-8333-333333333333'
export const user = { uid: '00000000-0000-4000-8000-00000000a11c', username: 'alice' }
export const homeAccountIdOf = ({ id }: Tenant): string => `${user.uid}.${id}`

/** Signs with a key that every tenant of the provider publishes. */
export function signed(claims: Record<string, unknown>): string {
  const input = `${encode({ alg: 'ES256', typ: 'JWT', kid: 'k1' })}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** A provider on a real socket that is right in everything but what a tenant's fault is. Whatever it issues is a canary. */
export class FaultyProvider {
  readonly tenants = new Map<string, Tenant>()
  readonly #server = createServer((request, response) => void this.#serve(request, response).catch(() => response.destroy()))
  origin = ''
  #serial = 0

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  close(): Promise<unknown> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(resolve))
  }

  tenant(federated = false): Tenant {
    const id = randomUUID()
    const authority = `${this.origin}/${id}`
    const state = { hits: [], issued: [], claims: {}, rotation: 'none', used: new Set<string>(), codes: new Map() } as const
    const tenant: Tenant = { ...state, hits: [], issued: [], id, authority, federated }
    this.tenants.set(id, tenant)
    return tenant
  }

  /** Does the person's part: where the provider sends them back to. */
  signIn(tenant: Tenant, authUri: string): string {
    const query = new URL(authUri).searchParams
    const code = this.code(tenant, { nonce: query.get('nonce') ?? undefined, challenge: query.get('code_challenge') ?? undefined })
    return `${query.get('redirect_uri')}?${new URLSearchParams({ code, state: query.get('state')! })}`
  }

  code(tenant: Tenant, request: { nonce?: string | undefined; challenge?: string | undefined } = {}): string {
    const code = canary(`code-${++this.#serial}`)
    tenant.codes.set(code, request)
    return code
  }

  /** The answer to a grant. */
  tokens({ id, authority, claims, issued, codes }: Tenant, form = new URLSearchParams()): Record<string, unknown> {
    const serial = ++this.#serial
    const answer = { token_type: 'Bearer', expires_in: 3600, access_token: canary(`access-${serial}`) }
    if (form.get('grant_type') === 'client_credentials') return answer
    const now = Math.floor(Date.now() / 1000)
    const idToken = signed({
      iss: `${authority}/v2.0`,
      aud: clientId,
      sub: `sub-${user.uid}`,
      oid: user.uid,
      tid: id,
      preferred_username: `${user.username}@${id}`,
      nonce: codes.get(form.get('code') ?? '')?.nonce,
      iat: now,
      exp: now + 3600,
      ...claims,
    })
    issued.push(idToken.split('.')[2]!)
    return {
      ...answer,
      refresh_token: canary(`refresh-${serial}`),
      scope: form.get('scope') ?? 'User.Read',
      client_info: encode({ uid: user.uid, utid: id }),
      id_token: idToken,
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.origin)
    const form = new URLSearchParams(await text(request))
    const endpoint = endpointOf(url)
    const tenant = this.tenants.get(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/.exec(decodeURIComponent(url.href))?.[0] ?? '')
    if (!tenant || !endpoint) return void response.writeHead(404).end()
    tenant.hits.push(endpoint)
    // The agent of Azure Arc first wants to see a key.
    if (url.searchParams.get('api-version') === '2020-06-01' && !request.headers.authorization)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm=/var/opt/azcmagent/tokens/one.key' }).end()
    const good = this.#answer(tenant, endpoint, form)
    if (tenant.fault?.endpoint !== endpoint) return void response.writeHead(good.status, { 'content-type': good.type }).end(good.body)
    const secret = ['authorization', 'x-identity-header', 'secret'].map((name) => [name, String(request.headers[name] ?? '')])
    const sent = new URLSearchParams([...url.searchParams, ...form, ...secret.filter(([, value]) => value)])
    tenant.fault.play(response, { good, sent })
  }

  #answer(tenant: Tenant, endpoint: Endpoint, form: URLSearchParams): Scene['good'] {
    const { authority, federated, codes } = tenant
    const json = (value: object, status = 200) => ({ status, type: 'application/json', body: JSON.stringify(value) })
    const xml = (body: string) => ({ status: 200, type: 'application/soap+xml; charset=utf-8', body })
    const trust = `${authority}/trust/13/usernamemixed`
    switch (endpoint) {
      case 'instance':
        return json({ tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration` })
      case 'discovery':
        return json({
          issuer: `${authority}/v2.0`,
          authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
          token_endpoint: `${authority}/oauth2/v2.0/token`,
          device_authorization_endpoint: `${authority}/oauth2/v2.0/devicecode`,
          end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
          jwks_uri: `${authority}/discovery/v2.0/keys`,
        })
      case 'realm':
        return json(federated ? { account_type: 'Federated', federation_metadata_url: `${authority}/mex` } : { account_type: 'Managed' })
      case 'mex':
        return xml(mex([port13(trust)]))
      case 'trust':
        return xml(rstr({ assertion: `<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion">${canary('assertion')}</Assertion>` }))
      case 'device':
        return json({
          user_code: 'ABC-DEF',
          device_code: canary(`device-${++this.#serial}`),
          verification_uri: `${authority}/device`,
          expires_in: 900,
          interval: 1,
        })
      case 'keys':
        return json({ keys: [jwk] })
      case 'token': {
        const refreshToken = form.get('refresh_token') ?? ''
        if (tenant.rotation === 'strict' && tenant.used.has(refreshToken)) return json({ error: 'invalid_grant' }, 400)
        tenant.used.add(refreshToken)
        const challenge = codes.get(form.get('code') ?? '')?.challenge
        const proof = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url')
        return challenge && challenge !== proof ? json({ error: 'invalid_grant' }, 400) : json(this.tokens(tenant, form))
      }
    }
  }
}

function endpointOf({ pathname }: URL): Endpoint | undefined {
  if (pathname === '/instance') return 'instance'
  if (pathname.endsWith('/openid-configuration')) return 'discovery'
  if (pathname.includes('/userrealm/')) return 'realm'
  if (pathname.endsWith('/mex')) return 'mex'
  if (pathname.endsWith('/usernamemixed')) return 'trust'
  if (pathname.endsWith('/devicecode')) return 'device'
  if (pathname.endsWith('/keys')) return 'keys'
  return pathname.endsWith('/token') ? 'token' : undefined
}
