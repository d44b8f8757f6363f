import { createHash } from 'node:crypto'

/** A person as the provider knows them. `uid` and `utid` are what `client_info` holds; the home account id joins them with a dot. */
export interface Person {
  uid: string
  utid: string
  username: string
  name?: string
}

/** One request that the provider was sent. */
export interface ProviderRequest {
  method: string
  url: URL
  /** The decoded form of a POST. */
  form: Record<string, string>
  /** Names in lower case. */
  headers: Record<string, string>
}

/** How a token request is answered, in place of the default; see `tokens`, `refuse`, `raw` and `lost`. */
export type Reply = (request: ProviderRequest, standard: () => Record<string, unknown>) => Response | Promise<Response>

/** The standard answer with some fields changed; undefined leaves one out. */
export const tokens =
  (changes: Record<string, unknown> = {}): Reply =>
  (_, standard) =>
    Response.json({ ...standard(), ...changes })

/** An OAuth error. */
export const refuse =
  (error: string, fields: Record<string, unknown> = {}, status = 400, headers: Record<string, string> = {}): Reply =>
  () =>
    Response.json({ error, error_description: `The description of ${error}.`, ...fields }, { status, headers })

/** Any other answer. */
export const raw =
  (status: number, body = '', headers: Record<string, string> = {}): Reply =>
  () =>
    new Response(body, { status, headers })

/** The connection breaks. With `processed`, the provider has rotated the refresh token before. */
export const lost =
  ({ processed = false } = {}): Reply =>
  (_, standard) => {
    if (processed) standard()
    throw new TypeError('fetch failed')
  }

/** Holds requests back until it is opened. */
export interface Gate {
  /** Resolves when so many requests (default 1) stand before it. */
  arrived(count?: number): Promise<void>
  open(): void
}

export const alice: Person = {
  uid: '00000000-0000-4000-8000-00000000a11c',
  utid: '11111111-1111-4111-8111-111111111111',
  username: 'alice@contoso.example',
  name: 'Alice',
}
export const bob: Person = { ...alice, uid: '00000000-0000-4000-8000-000000000b0b', username: 'bob@contoso.example', name: 'Bob' }
export const homeAccountIdOf = ({ uid, utid }: Person): string => `${uid}.${utid}`

const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
const multiTenants = ['common', 'organizations', 'consumers']
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT that looks signed; nobody can verify it. */
export const jwt = (claims: Record<string, unknown>): string =>
  `${encode({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${encode(claims)}.${Buffer.from('signature').toString('base64url')}`

/** The id of a tenant that is named by its domain. */
export function tenantIdOf(tenant: string): string {
  if (guid.test(tenant) || multiTenants.includes(tenant)) return tenant.toLowerCase()
  if (tenant === 'contoso.example') return alice.utid
  const hash = createHash('sha256').update(tenant.toLowerCase()).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

interface Authority {
  /** What stands before `/.well-known` or the endpoint, without `/v2.0` and `/oauth2`. */
  root: string
  issuer: string
  tenant: string
}

/** A provider in this process, for any authority URL: pass its `fetch` to a client. */
export class FakeProvider {
  readonly requests: ProviderRequest[] = []
  /** Every token request is answered as the standard has it, with these fields changed. */
  changes: Record<string, unknown> = {}
  /** Answers to the next token requests, one each. */
  readonly replies: Reply[] = []
  /** Decides for every token request that no queued reply takes; undefined: the standard answer. */
  onToken: ((request: ProviderRequest) => Reply | undefined) | undefined
  /** Answers any request before everything else. */
  onRequest: ((request: ProviderRequest) => Response | Promise<Response> | undefined) | undefined
  /** Milliseconds before an answer. */
  delay: (request: ProviderRequest) => number = () => 0
  /** A refresh token that was used is refused from then on. */
  strictRotation = false
  /** How far its clock is ahead of the device's, in milliseconds; the device's is `Date`. */
  clockOffset = 0
  /** Who signs in, and whom refresh tokens and assertions of unknown origin belong to. */
  person: Person = alice
  readonly persons: Person[] = [alice, bob]
  readonly #gates: { wait: Promise<void>; arrive: () => void }[] = []
  readonly #codes = new Map<string, { person: Person; query: URLSearchParams }>()
  readonly #refreshTokens = new Map<string, { person: Person; used: boolean }>()
  /** As the discovery documents have them, by the root of the endpoints. */
  readonly #issuers = new Map<string, string>()
  #serial = 0

  /** For the `fetch` option. It heeds the signal, as a real one does. */
  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(String(input))
    const body = init.body instanceof URLSearchParams || typeof init.body === 'string' ? String(init.body) : ''
    const request: ProviderRequest = {
      method: init.method ?? 'GET',
      url,
      form: Object.fromEntries(new URLSearchParams(body)),
      headers: Object.fromEntries(new Headers(init.headers)),
    }
    this.requests.push(request)
    const { signal } = init
    return new Promise<Response>((resolve, reject) => {
      const abort = () => reject(signal?.reason)
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#answer(request)
        .then(resolve, reject)
        .finally(() => signal?.removeEventListener('abort', abort))
    })
  }

  /** The requests to a token endpoint, of one grant or of all. */
  tokenRequests(grantType?: string): ProviderRequest[] {
    return this.requests.filter(({ form }) => form.grant_type && (!grantType || form.grant_type === grantType))
  }

  count(grantType?: string): number {
    return this.tokenRequests(grantType).length
  }

  /** The form of the latest token request. */
  get lastForm(): Record<string, string> {
    return this.tokenRequests().at(-1)!.form
  }

  /** Holds all token requests back from now on, until the gate is opened. */
  hold(): Gate {
    let open = () => {}
    let standing = 0
    const watchers: (() => void)[] = []
    const wait = new Promise<void>((resolve) => {
      open = resolve
    })
    const arrive = () => {
      standing++
      for (const watcher of watchers) watcher()
    }
    const gate = { wait, arrive }
    this.#gates.push(gate)
    return {
      arrived: (count = 1) =>
        new Promise((resolve) => {
          const look = () => standing >= count && resolve()
          watchers.push(look)
          look()
        }),
      open: () => {
        this.#gates.splice(this.#gates.indexOf(gate), 1)
        open()
      },
    }
  }

  /** Does the person's part at the authorization URL: the URL that the provider sends them back to. */
  signIn(authUri: string, person: Person = this.person): string {
    const { searchParams: query } = new URL(authUri)
    const code = `code-${++this.#serial}`
    this.#codes.set(code, { person, query })
    const answer = new URLSearchParams({
      code,
      state: query.get('state') ?? '',
      client_info: encode({ uid: person.uid, utid: person.utid }),
    })
    return `${query.get('redirect_uri') ?? 'https://app.example/'}${query.get('response_mode') === 'fragment' ? '#' : '?'}${answer}`
  }

  /** A refresh token of this person, as an earlier sign-in would have left it. */
  refreshTokenOf(person: Person): string {
    const token = `rt-${++this.#serial}-${person.uid.slice(-4)}`
    this.#refreshTokens.set(token, { person, used: false })
    return token
  }

  async #answer(request: ProviderRequest): Promise<Response> {
    const { url, form } = request
    if (form.grant_type) {
      const gate = this.#gates.at(-1)
      gate?.arrive()
      await gate?.wait
    }
    const delay = this.delay(request)
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay))
    const special = this.onRequest?.(request)
    if (special) return special
    if (url.pathname.endsWith('/discovery/instance')) {
      const endpoint = new URL(url.searchParams.get('authorization_endpoint')!)
      const root = `${endpoint.origin}/${endpoint.pathname.split('/')[1]}`
      return Response.json({ tenant_discovery_endpoint: `${root}/v2.0/.well-known/openid-configuration` })
    }
    if (url.pathname.endsWith('/.well-known/openid-configuration')) return Response.json(this.discovery(url))
    if (!form.grant_type) return new Response('Not found', { status: 404 })
    const reply = this.replies.shift() ?? this.onToken?.(request)
    if (reply) return reply(request, () => this.#grant(request))
    const refused = this.#refusal(form)
    return refused ? refused(request, () => ({})) : Response.json(this.#grant(request))
  }

  /** The discovery document that a URL is answered with. */
  discovery(url: URL): Record<string, unknown> {
    const { root, issuer, tenant } = authorityOf(url)
    this.#issuers.set(root, issuer)
    const v2 = tenant && tenant !== 'adfs' ? '/oauth2/v2.0' : '/oauth2'
    return {
      issuer,
      authorization_endpoint: `${root}${v2}/authorize`,
      token_endpoint: `${root}${v2}/token`,
      device_authorization_endpoint: `${root}${v2}/devicecode`,
      end_session_endpoint: `${root}${v2}/logout`,
      jwks_uri: `${root}/discovery/v2.0/keys`,
    }
  }

  #refusal({ grant_type, refresh_token, code, code_verifier }: Record<string, string>): Reply | undefined {
    if (grant_type === 'refresh_token' && this.strictRotation && this.#refreshTokens.get(refresh_token!)?.used)
      return refuse('invalid_grant', { suberror: 'bad_token', error_codes: [70000] })
    if (grant_type !== 'authorization_code' || !this.#codes.has(code!)) return undefined
    const challenge = createHash('sha256')
      .update(code_verifier ?? '')
      .digest('base64url')
    return this.#codes.get(code!)!.query.get('code_challenge') === challenge ? undefined : refuse('invalid_grant')
  }

  #grant({ url, form }: ProviderRequest): Record<string, unknown> {
    const serial = ++this.#serial
    const { root, tenant, issuer: usual } = authorityOf(url)
    const issuer = this.#issuers.get(root) ?? usual
    const answer: Record<string, unknown> = { token_type: 'Bearer', expires_in: 3600, ext_expires_in: 7200, access_token: `at-${serial}` }
    if (form.grant_type === 'client_credentials') return { ...answer, ...this.changes }
    const code = this.#codes.get(form.code ?? '')
    const held = this.#refreshTokens.get(form.refresh_token ?? '')
    const named = this.persons.find(({ username }) => username === form.username)
    const person = code?.person ?? held?.person ?? named ?? this.person
    if (held) held.used = true
    const scopes = (form.scope ?? '').split(' ').filter(Boolean)
    const tid = multiTenants.includes(tenant) || !guid.test(tenant) ? person.utid : tenant
    const now = Math.floor((Date.now() + this.clockOffset) / 1000)
    answer.scope = scopes.filter((scope) => scope !== 'offline_access').join(' ')
    answer.client_info = encode({ uid: person.uid, utid: person.utid })
    if (scopes.includes('offline_access') || held) answer.refresh_token = this.refreshTokenOf(person)
    answer.id_token = jwt({
      iss: issuer.replace('{tenantid}', tid),
      aud: form.client_id,
      // A pairwise subject, and a guest has another object id than at home.
      sub: `sub-${person.uid}-${form.client_id}`,
      oid: tid === person.utid ? person.uid : tenantIdOf(`${person.uid} in ${tid}`),
      tid,
      preferred_username: person.username,
      name: person.name,
      nonce: code?.query.get('nonce') ?? undefined,
      iat: now,
      nbf: now,
      exp: now + 3600,
    })
    return { ...answer, ...this.changes }
  }
}

/** The authority that a discovery or token URL belongs to, with the issuer that is right for it. */
function authorityOf(url: URL): Authority {
  const path = url.pathname.replace(/\/\.well-known\/openid-configuration$/, '').replace(/\/oauth2(\/v2\.0)?\/token$/, '')
  const bare = path.replace(/\/v2\.0$/, '')
  const [first = '', ...rest] = bare.split('/').filter(Boolean)
  const microsoft = /(\.microsoft(online)?\.com|\.windows\.net|\.microsoftonline\.(us|de|cn)|\.usgovcloudapi\.net|\.chinacloudapi\.cn)$/
  const platform = microsoft.test(url.hostname) || url.hostname.endsWith('.ciamlogin.com')
  const entra = platform && !!first && first !== 'adfs' && !rest.length && (path !== bare || url.pathname.includes('/oauth2/v2.0/'))
  if (!entra) return { root: url.origin + bare, issuer: url.origin + path, tenant: first }
  const tenant = tenantIdOf(first)
  const public_ = ['login.windows.net', 'login.microsoft.com', 'sts.windows.net'].includes(url.hostname)
  const host = public_ ? 'login.microsoftonline.com' : url.host
  const known = tenant === 'consumers' ? '9188040d-6c67-4c5b-b112-36a304b66dad' : multiTenants.includes(tenant) ? '{tenantid}' : tenant
  return { root: `${url.origin}/${tenant}`, issuer: `${url.protocol}//${host}/${known}/v2.0`, tenant }
}
