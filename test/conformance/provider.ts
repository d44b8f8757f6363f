import { createHash, randomUUID } from 'node:crypto'
import { compactVerify, jwtVerify } from 'jose'
import type { Endpoint, Incoming, Reply } from './emulator.ts'
import { type SigningKey, signed, signingKey } from './keys.ts'
import { misbehaviourOf } from './misbehaviours.ts'
import { authenticationOf, isFapi, moduleNamed } from './modules.ts'
import { clientId, clientKey, clientSecret, postLogoutRedirectUri, redirectUri } from './registration.ts'

/** What a code or a refresh token stands for. */
interface Grant {
  request: URLSearchParams
  scopes: string[]
}

const paths: Record<string, Endpoint> = {
  '.well-known/openid-configuration': 'discovery',
  authorize: 'authorize',
  token: 'token',
  userinfo: 'userinfo',
  resource: 'resource',
  end_session: 'end_session',
}

const claimsOfScopes: Record<string, object> = {
  profile: { name: 'Demo T. User', preferred_username: 'd.tu' },
  email: { email: 'user@example.com', email_verified: false },
  phone: { phone_number: '+1 555 5550000', phone_number_verified: false },
  address: { address: { country: 'UK', locality: 'Bristol' } },
}

const everyAlgorithm = ['none', 'HS256', 'RS256', 'PS256', 'ES256']

/** The provider of one module: everything as the standards have it, and what a client does wrong is refused, but for the module's misbehaviour. */
export class Provider {
  readonly issuer: string
  readonly #misbehaviour: ReturnType<typeof misbehaviourOf>
  readonly #authentication
  readonly #fapi: boolean
  readonly #document: Record<string, unknown>
  readonly #codes = new Map<string, Grant>()
  readonly #refreshTokens = new Map<string, Grant>()
  readonly #accessTokens = new Map<string, Grant>()
  #keys: Promise<SigningKey[]>
  #rotations = 1
  #signIns = 0
  #refreshes = 0

  constructor(name: string, issuer: string) {
    this.issuer = issuer
    this.#misbehaviour = misbehaviourOf(name)
    this.#authentication = authenticationOf(moduleNamed(name).plan)
    this.#fapi = isFapi(name)
    this.#keys = this.#misbehaviour.keys()
    this.#document = {
      issuer,
      authorization_endpoint: `${issuer}authorize`,
      token_endpoint: `${issuer}token`,
      jwks_uri: `${issuer}jwks`,
      userinfo_endpoint: `${issuer}userinfo`,
      end_session_endpoint: `${issuer}end_session`,
      response_types_supported: ['code', 'id_token code', 'token code id_token', 'id_token'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['public', 'pairwise'],
      id_token_signing_alg_values_supported: this.#fapi ? ['PS256'] : everyAlgorithm,
      token_endpoint_auth_methods_supported: [this.#authentication],
      code_challenge_methods_supported: ['S256'],
      ...(this.#fapi && { authorization_response_iss_parameter_supported: true }),
    }
    this.#misbehaviour.discovery?.(this.#document)
  }

  endpointAt(pathname: string): Endpoint | undefined {
    const path = pathname.slice(new URL(this.issuer).pathname.length)
    if (pathname === new URL(this.#document.jwks_uri as string).pathname) return 'jwks'
    return Object.hasOwn(paths, path) ? paths[path] : undefined
  }

  /** Throws where the client does what it must not. */
  async answer(endpoint: Endpoint, request: Incoming): Promise<Reply> {
    switch (endpoint) {
      case 'discovery':
        return { json: this.#document }
      case 'jwks': {
        const jwks = (await this.#keys).map(({ jwk }) => ({ ...jwk }) as Record<string, unknown>)
        this.#misbehaviour.publishes?.(jwks)
        return { json: { keys: jwks } }
      }
      case 'authorize':
        return this.#authorize(request.query)
      case 'token':
        return { json: await this.#token(request) }
      case 'end_session':
        return this.#endSession(request.query)
      default:
        return this.#protected(endpoint, request)
    }
  }

  #authorize(request: URLSearchParams): Reply {
    const scopes = (request.get('scope') ?? '').split(' ')
    demand(request.get('response_type') === 'code', 'response_type is not code')
    demand(request.get('client_id') === clientId, 'client_id is another')
    demand(request.get('redirect_uri') === redirectUri, 'redirect_uri is not registered')
    demand(scopes.includes('openid'), 'scope lacks openid')
    demand((request.get('state') ?? '').length >= 22, 'state is missing or short')
    demand((request.get('nonce') ?? '').length >= 22, 'nonce is missing or short')
    demand(request.get('code_challenge_method') === 'S256' && request.get('code_challenge')?.length === 43, 'PKCE is missing')
    if (++this.#signIns === 2 && this.#misbehaviour.rotates === 'at the second sign-in') this.#rotate()
    const code = randomUUID()
    this.#codes.set(code, { request, scopes })
    const answer = new URLSearchParams({ code, state: request.get('state')! })
    if (this.#fapi) answer.set('iss', this.issuer)
    this.#misbehaviour.answer?.(answer, request)
    if (request.get('response_mode') !== 'form_post') return redirect(redirectUri, answer)
    const inputs = [...answer].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
    return { html: `<!doctype html><form method="post" action="${redirectUri}">${inputs.join('')}</form>` }
  }

  async #token(request: Incoming): Promise<object> {
    const { form, query } = request
    demand(request.method === 'POST' && !query.size, 'the token request is not a plain POST')
    demand(form.get('client_id') === clientId || this.#authentication !== 'none', 'client_id is missing')
    await this.#authenticate(request)
    const isRefresh = form.get('grant_type') === 'refresh_token'
    const [tokens, token] = isRefresh ? [this.#refreshTokens, form.get('refresh_token')] : [this.#codes, form.get('code')]
    const grant = tokens.get(token ?? '')
    demand(grant, 'the code or refresh token is unknown, or has been used')
    tokens.delete(token!)
    if (isRefresh) {
      this.#refreshes++
      const scopes = (form.get('scope') ?? '').split(' ').filter(Boolean)
      demand(
        scopes.every((scope) => grant.scopes.includes(scope)),
        'more scopes are asked for than were granted',
      )
    } else {
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url')
      demand(form.get('grant_type') === 'authorization_code', 'grant_type is another')
      demand(form.get('redirect_uri') === redirectUri, 'redirect_uri is not that of the authorization request')
      demand(challenge === grant.request.get('code_challenge'), 'code_verifier does not fit')
    }
    return this.#tokens(grant, isRefresh)
  }

  async #authenticate({ form, headers }: Incoming): Promise<void> {
    const [scheme, credentials = ''] = (headers.authorization ?? '').split(' ')
    const used = [
      ...(scheme === 'Basic' ? ['client_secret_basic'] : []),
      ...(form.has('client_secret') ? ['client_secret_post'] : []),
      ...(form.has('client_assertion') ? ['private_key_jwt'] : []),
    ]
    demand((used.join(' and ') || 'none') === this.#authentication, `the client authenticates itself by ${used.join(' and ') || 'nothing'}`)
    if (form.has('client_secret')) demand(form.get('client_secret') === clientSecret, 'client_secret is wrong')
    if (scheme === 'Basic') {
      const parts = Buffer.from(credentials, 'base64').toString().split(':')
      const [id, secret] = parts.map((part) => new URLSearchParams(`part=${part}`).get('part'))
      demand(parts.length === 2 && id === clientId && secret === clientSecret, 'the Authorization header is wrong')
    }
    if (form.has('client_assertion')) {
      const options = { issuer: clientId, subject: clientId, audience: this.issuer, algorithms: ['PS256'], requiredClaims: ['exp', 'jti'] }
      const { payload } = await jwtVerify(form.get('client_assertion')!, clientKey().publicKey, options)
      demand(typeof payload.aud === 'string' && payload.exp! <= Date.now() / 1000 + 600, 'the assertion is good for too much')
    }
  }

  async #tokens(grant: Grant, isRefresh: boolean): Promise<object> {
    const { rotates, claims: change, sign = signed, response } = this.#misbehaviour
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: this.issuer,
      sub: 'user-subject-1234531',
      aud: clientId,
      iat: now,
      auth_time: now,
      exp: now + 300,
      // A refreshed id token should have none (OpenID Connect Core 12.2).
      ...(!isRefresh && { nonce: grant.request.get('nonce') }),
    }
    change?.(claims, isRefresh)
    if (rotates === 'with each signature') this.#rotate()
    const [key] = await this.#keys
    const json: Record<string, unknown> = {
      access_token: randomUUID(),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: grant.scopes.join(' '),
      id_token: await sign(claims, key!),
      refresh_token: randomUUID(),
    }
    this.#accessTokens.set(json.access_token as string, grant)
    this.#refreshTokens.set(json.refresh_token as string, grant)
    response?.(json)
    return json
  }

  #protected(endpoint: 'userinfo' | 'resource', { headers, query, form }: Incoming): Reply {
    demand(!query.has('access_token') && !form.has('access_token'), 'the access token is not in the Authorization header')
    const grant = this.#accessTokens.get((headers.authorization ?? '').replace(/^Bearer /, ''))
    demand(grant, 'the access token is unknown')
    if (endpoint === 'resource') {
      const refused = this.#refreshes < (this.#misbehaviour.refreshesWanted ?? 0)
      return refused ? { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } } : { json: {} }
    }
    return { json: Object.assign({ sub: 'user-subject-1234531' }, ...grant.scopes.map((scope) => claimsOfScopes[scope])) }
  }

  async #endSession(request: URLSearchParams): Promise<Reply> {
    const [key] = await this.#keys
    const hint = await compactVerify(
      request.get('id_token_hint') ?? '',
      await crypto.subtle.importKey('jwk', key!.jwk, rsa, false, ['verify']),
    )
    demand(JSON.parse(new TextDecoder().decode(hint.payload)).aud === clientId, 'id_token_hint is of another client')
    demand((request.get('client_id') ?? clientId) === clientId, 'client_id is another')
    demand(request.get('post_logout_redirect_uri') === postLogoutRedirectUri, 'post_logout_redirect_uri is not registered')
    demand(request.get('state'), 'state is missing')
    const answer = new URLSearchParams({ state: request.get('state')! })
    this.#misbehaviour.signedOut?.(answer)
    return redirect(postLogoutRedirectUri, answer)
  }

  #rotate(): void {
    this.#keys = signingKey('RS256', ++this.#rotations).then((key) => [key])
  }
}

const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

const redirect = (to: string, parameters: URLSearchParams): Reply => ({
  status: 302,
  headers: { location: parameters.size ? `${to}?${parameters}` : to },
})

function demand(held: unknown, otherwise: string): asserts held {
  if (!held) throw new Error(otherwise)
}
