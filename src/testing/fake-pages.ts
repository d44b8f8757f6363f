import { type DeviceSignIn, type FakeGrants, Refusal } from './fake-grants.ts'
import { consumers, type FakeHome, type FakePlace, guid, multiTenants } from './fake-home.ts'
import type { FakeKeys } from './fake-keys.ts'
import type { FakePeople, KnownUser } from './fake-people.ts'
import type { AuthorizeOptions, FakeAnswer } from './fake-provider.ts'
import { clientInfo, type FakeTokens } from './fake-tokens.ts'

/** A request, as the endpoints need it. */
export interface PageRequest {
  url: URL
  form: Record<string, string>
  headers: Headers
}

const deviceLife = 900

/** All endpoints of a provider. */
export class FakePages {
  readonly #home: FakeHome
  readonly #keys: FakeKeys
  readonly #people: FakePeople
  readonly #grants: FakeGrants
  readonly #tokens: FakeTokens

  constructor(home: FakeHome, keys: FakeKeys, people: FakePeople, grants: FakeGrants, tokens: FakeTokens) {
    this.#home = home
    this.#keys = keys
    this.#people = people
    this.#grants = grants
    this.#tokens = tokens
  }

  async answer({ endpoint, tenant: named, origin }: FakePlace, request: PageRequest): Promise<Response> {
    try {
      if (endpoint === 'instance') return Response.json(this.#instance(request.url))
      if (endpoint === 'realm') return Response.json({ account_type: 'Managed', ver: '1.0' })
      const tenant = this.#tenant(named)
      if (endpoint === 'discovery') return Response.json(this.#home.metadata(tenant, origin))
      if (endpoint === 'keys') return Response.json(await this.#keys.keySet())
      if (endpoint === 'authorize') return signedIn(await this.authorize(request.url))
      if (endpoint === 'device') return Response.json(this.#beginDevice(request.form, tenant, origin))
      if (endpoint === 'token')
        return Response.json(await this.#grants.answer({ ...request, tenant }), { headers: { 'cache-control': 'no-store' } })
      return signedOut(request.url)
    } catch (error) {
      if (error instanceof Refusal) return Response.json(error.body, { status: error.status })
      if (endpoint === 'authorize') return new Response((error as Error).message, { status: 400 })
      throw error
    }
  }

  async authorize(authUri: URL, { user, error }: AuthorizeOptions = {}): Promise<FakeAnswer> {
    const place = this.#home.placeOf(authUri)
    if (place?.endpoint !== 'authorize') throw new Error('The URL is not that of the provider’s authorization endpoint.')
    const tenant = this.#tenant(place.tenant)
    const { searchParams: query } = authUri
    const mode = query.get('response_mode') ?? 'query'
    const redirectUri = checkRequest(query)
    const known = this.#people.find(query.get('login_hint') ?? '')
    const person = user === undefined && known ? known : this.#people.get(user)
    const state = query.get('state')
    const parameters: Record<string, string> = error
      ? { error, error_description: `The fake provider answers ${error}.` }
      : this.#code(person, query)
    if (state !== null) parameters.state = state
    if (this.#home.entra && !error && query.has('client_info')) parameters.client_info = clientInfo(person)
    if (!this.#home.entra) parameters.iss = this.#home.issuer(tenant)
    if (mode === 'form_post') return { url: redirectUri, parameters, method: 'POST' }
    const url = new URL(redirectUri)
    if (mode === 'fragment') url.hash = new URLSearchParams(parameters).toString()
    else for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return { url: url.href, parameters, method: 'GET' }
  }

  device(userCode: string): DeviceSignIn {
    const found = this.#grants.devices.get(userCode)
    if (!found) throw new Error('The provider has given out no such user code.')
    return found
  }

  /** The id that tokens name, for a tenant as an authority names it. */
  tenantIdOf(named: string, user: KnownUser | undefined): string {
    const tenant = this.#tenant(named)
    return multiTenants.includes(tenant) ? (user ?? this.#people.get(undefined)).tenantId : tenant
  }

  /** A tenant by its id, or one of `common` and its like. A domain name is that of its users' tenant. */
  #tenant(named: string): string {
    const tenant = named.toLowerCase()
    if (!this.#home.entra || guid.test(tenant) || multiTenants.includes(tenant)) return tenant === consumers ? 'consumers' : tenant
    const found =
      this.#people.tenantOf(tenant) ??
      (tenant === this.#home.authority.tenant.toLowerCase() ? this.#people.get(undefined).tenantId : undefined)
    if (!found) throw new Refusal('invalid_tenant', `AADSTS90002: Tenant '${printable(named)}' not found.`)
    return found
  }

  #code(user: KnownUser, query: URLSearchParams): Record<string, string> {
    const code = this.#tokens.opaque('code')
    this.#grants.codes.set(code, { user, query })
    return { code }
  }

  #instance(url: URL): Record<string, unknown> {
    const asked = new URL(url.searchParams.get('authorization_endpoint') ?? '')
    const [, tenant] = asked.pathname.split('/')
    const { host, origin } = asked
    return {
      tenant_discovery_endpoint: `${origin}/${tenant}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    }
  }

  #beginDevice({ client_id: clientId, scope = '' }: Record<string, string>, tenant: string, origin: string): Record<string, unknown> {
    if (!clientId) throw new Refusal('invalid_request', "AADSTS900144: The request body must contain the parameter 'client_id'.")
    const deviceCode = this.#tokens.opaque('device')
    const userCode = `FAKE-${1000 + this.#grants.devices.size}`
    this.#grants.devices.set(userCode, { deviceCode, clientId, scope, tenant, expiresAt: Date.now() + deviceLife * 1000 })
    const uri = `${origin}/device`
    return {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: uri,
      expires_in: deviceLife,
      interval: 1,
      message: `To sign in, open ${uri} and enter the code ${userCode}.`,
    }
  }
}

/** The redirect URI of an authorization request that a provider would take. */
function checkRequest(query: URLSearchParams): string {
  for (const name of ['client_id', 'redirect_uri', 'scope', 'response_type']) {
    if (!query.get(name)) throw new Error(`The authorization request has no ${name}.`)
    if (query.getAll(name).length > 1) throw new Error(`The authorization request has more than one ${name}.`)
  }
  if (query.get('response_type') !== 'code') throw new Error('The response_type is not code.')
  if (query.has('code_challenge') && query.get('code_challenge_method') !== 'S256')
    throw new Error('The code_challenge_method is not S256.')
  const redirectUri = query.get('redirect_uri')!
  if (!URL.canParse(redirectUri) || new URL(redirectUri).hash) throw new Error('The redirect_uri is not a URL without a fragment.')
  return redirectUri
}

/** What a browser is sent to. */
function signedIn({ url, parameters, method }: FakeAnswer): Response {
  if (method === 'GET') return new Response(null, { status: 302, headers: { location: url } })
  const inputs = Object.entries(parameters).map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`)
  const form = `<form method="post" action="${escapeHtml(url)}">${inputs.join('')}</form><script>document.forms[0].submit()</script>`
  return new Response(`<!doctype html><title>Signed in</title>${form}`, { headers: { 'content-type': 'text/html; charset=utf-8' } })
}

/** OpenID Connect RP-Initiated Logout 1.0. */
function signedOut(url: URL): Response {
  const back = url.searchParams.get('post_logout_redirect_uri')
  if (!back) return new Response('Signed out')
  const location = new URL(back)
  const state = url.searchParams.get('state')
  if (state) location.searchParams.set('state', state)
  return new Response(null, { status: 302, headers: { location: location.href } })
}

const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
const printable = (text: string) => text.replace(/[^\w.-]/g, '')
