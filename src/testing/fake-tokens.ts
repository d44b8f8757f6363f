import { encodeBase64UrlText } from '../core/util/base64url-encode.ts'
import type { FakeHome } from './fake-home.ts'
import type { FakeKeys } from './fake-keys.ts'
import { type KnownUser, objectIdIn, subjectOf } from './fake-people.ts'

/** What may be changed while tests run. Milliseconds. */
export interface FakeLives {
  /** Life of access tokens and id tokens. Default 3 600 000. */
  tokenLifetime: number
  /** When the provider wants a token renewed, after it was issued (`refresh_in`). Default: it does not say. */
  refreshIn?: number | undefined
}

/** What an access token is for. */
export interface FakeAccess {
  clientId: string
  scopes: readonly string[]
  /** The tenant's id; empty at a generic provider. */
  tenantId: string
  /** Absent: the application itself. */
  user?: KnownUser | undefined
  /** The `claims` parameter of the request, as JSON. */
  claims?: string | undefined
  audience?: string | undefined
  extra?: Record<string, unknown> | undefined
}

const graph = 'https://graph.microsoft.com'
const reserved = ['openid', 'profile', 'email', 'offline_access']

/** The resource that a scope is for, and the scope's name there: `api://notes/Notes.Read` is `Notes.Read` of `api://notes`. */
function splitScope(scope: string): [resource: string, name: string] {
  const slash = scope.lastIndexOf('/')
  return slash < 0 ? [graph, scope] : [scope.slice(0, slash), scope.slice(slash + 1)]
}

/** Makes the tokens of a provider. */
export class FakeTokens {
  readonly #home: FakeHome
  readonly #keys: FakeKeys
  readonly #lives: FakeLives
  #serial = 0

  constructor(home: FakeHome, keys: FakeKeys, lives: FakeLives) {
    this.#home = home
    this.#keys = keys
    this.#lives = lives
  }

  /** Text that nobody has been given yet. */
  opaque(kind: string): string {
    return `fake-${kind}-${++this.#serial}-${crypto.randomUUID()}`
  }

  /** Seconds, as `expires_in` and its like. */
  get lives(): Record<string, number> {
    const { tokenLifetime, refreshIn } = this.#lives
    const seconds = Math.floor(tokenLifetime / 1000)
    const life = { expires_in: seconds, ...(this.#home.entra && { ext_expires_in: seconds }) }
    return refreshIn === undefined ? life : { ...life, refresh_in: Math.floor(refreshIn / 1000) }
  }

  accessToken({ clientId, scopes, tenantId, user, claims, audience, extra }: FakeAccess): Promise<string> {
    const split = scopes.filter((scope) => !reserved.includes(scope)).map(splitScope)
    const names = split.map(([, name]) => name).filter((name) => name !== '.default')
    const common = { ...this.#times(tenantId), jti: this.opaque('token'), aud: audience ?? split[0]?.[0] ?? graph }
    const requested = requestedClaims(claims)
    if (!this.#home.entra) {
      const scope = scopes.filter((name) => name !== 'offline_access').join(' ')
      const subject = user ? subjectOf(user) : clientId
      return this.#keys.sign({ ...common, sub: subject, client_id: clientId, scope, ...requested, ...user?.claims, ...extra })
    }
    const person = user && {
      oid: objectIdIn(user, tenantId),
      sub: subjectOf(user),
      name: user.name,
      preferred_username: user.username,
      scp: (names.length ? names : ['user_impersonation']).join(' '),
    }
    const application = { oid: clientId, sub: clientId, idtyp: 'app' }
    const platform = { tid: tenantId, azp: clientId, ver: '2.0', azpacr: user ? '0' : '1' }
    return this.#keys.sign({ ...common, ...platform, ...(person ?? application), ...requested, ...user?.claims, ...extra })
  }

  idToken(user: KnownUser, clientId: string, tenantId: string, nonce?: string): Promise<string> {
    const { username, name, claims } = user
    const person = { sub: subjectOf(user), preferred_username: username, name, ...(nonce && { nonce }) }
    const platform = this.#home.entra ? { tid: tenantId, oid: objectIdIn(user, tenantId), ver: '2.0' } : {}
    const times = this.#times(tenantId)
    return this.#keys.sign({ ...times, auth_time: times.iat, aud: clientId, ...person, ...platform, ...claims })
  }

  #times(tenantId: string) {
    const iat = Math.floor(Date.now() / 1000)
    return { iss: this.#home.issuer(tenantId), iat, nbf: iat, exp: iat + Math.floor(this.#lives.tokenLifetime / 1000) }
  }
}

/** `client_info` of Microsoft's platform: who signed in, wherever they are a guest. */
export const clientInfo = ({ objectId, tenantId }: KnownUser): string =>
  encodeBase64UrlText(JSON.stringify({ uid: objectId, utid: tenantId }))

/** What a claims challenge asks of an access token and the provider grants: an authentication context, and a client's capabilities. */
function requestedClaims(text: string | undefined): Record<string, unknown> {
  if (!text) return {}
  const { access_token: asked = {} } = JSON.parse(text) as { access_token?: Record<string, { value?: unknown; values?: unknown }> }
  const granted: Record<string, unknown> = {}
  for (const name of ['acrs', 'xms_cc']) {
    const { value, values = value === undefined ? undefined : [value] } = asked[name] ?? {}
    if (values !== undefined) granted[name] = values
  }
  return granted
}
