import { splitScopes } from '../core/oauth/scopes.ts'
import { encodeBase64Url } from '../core/util/base64url-encode.ts'
import { sha256 } from '../core/util/crypto.ts'
import { multiTenants } from './fake-home.ts'
import type { FakeKeys } from './fake-keys.ts'
import { basicCredentials, type FakePeople, type KnownUser } from './fake-people.ts'
import { clientInfo, type FakeTokens } from './fake-tokens.ts'

/** A token request. */
export interface TokenRequest {
  form: Readonly<Record<string, string>>
  headers: Headers
  /** By its id, or one of `common` and its like; empty at a generic provider. */
  tenant: string
}

/** An OAuth error (RFC 6749 section 5.2). */
export class Refusal extends Error {
  readonly status: number
  readonly body: Record<string, unknown>

  constructor(error: string, description: string, status = 400) {
    super(error)
    this.status = status
    const [, number] = /^AADSTS(\d+)/.exec(description) ?? []
    this.body = { error, error_description: description, ...(number && { error_codes: [Number(number)] }) }
  }
}

/** An authorization request that has been answered with a code. */
export interface IssuedCode {
  user: KnownUser
  /** The parameters of the request. */
  query: URLSearchParams
  redeemed?: boolean
}

/** A sign-in on another device. */
export interface DeviceSignIn {
  deviceCode: string
  clientId: string
  scope: string
  tenant: string
  /** Milliseconds since 1970. */
  expiresAt: number
  outcome?: KnownUser | 'declined' | 'used'
}

interface RefreshToken {
  user: KnownUser
  clientId: string
  retired?: boolean
}

interface Settings {
  entra: boolean
  strictRotation: boolean
}

/** What a grant comes to: whom the tokens are for, if for a person. */
interface Granted {
  user?: KnownUser
  nonce?: string | undefined
  scope?: string | undefined
}

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'

/** The token endpoint. */
export class FakeGrants {
  readonly codes = new Map<string, IssuedCode>()
  /** By user code. */
  readonly devices = new Map<string, DeviceSignIn>()
  readonly #refreshTokens = new Map<string, RefreshToken>()
  readonly #settings: Settings
  readonly #people: FakePeople
  readonly #keys: FakeKeys
  readonly #tokens: FakeTokens

  constructor(settings: Settings, people: FakePeople, keys: FakeKeys, tokens: FakeTokens) {
    this.#settings = settings
    this.#people = people
    this.#keys = keys
    this.#tokens = tokens
  }

  /** Answers a token request, or throws a {@link Refusal}. */
  async answer(request: TokenRequest): Promise<Record<string, unknown>> {
    const clientId = this.#clientOf(request)
    const { form, tenant } = request
    const grants: Record<string, () => Granted | Promise<Granted>> = {
      authorization_code: () => this.#code(form, clientId),
      refresh_token: () => this.#refresh(form, clientId),
      client_credentials: () => this.#application(request),
      password: () => this.#password(form),
      [deviceCode]: () => this.#device(form, clientId),
      // As MSAL Node calls it.
      device_code: () => this.#device(form, clientId),
      [jwtBearer]: () => this.#onBehalfOf(request),
    }
    const grant = Object.hasOwn(grants, form.grant_type ?? '') ? grants[form.grant_type!] : undefined
    if (!grant) throw new Refusal('unsupported_grant_type', 'AADSTS70003: The grant type is not supported.')
    const { user: known, nonce, scope = form.scope ?? '' } = await grant()
    // As they are now, not as they were when the code or the refresh token was made.
    const user = known && this.#people.find(known.username)
    const scopes = splitScopes(scope)
    const tenantId = user && multiTenants.includes(tenant) ? user.tenantId : tenant
    const access = { clientId, scopes, tenantId, user, claims: form.claims }
    const answer = { token_type: 'Bearer', ...this.#tokens.lives, access_token: await this.#tokens.accessToken(access) }
    if (!user) return answer
    return {
      ...answer,
      scope: scopes.filter((name) => name !== 'offline_access').join(' '),
      ...(scopes.includes('offline_access') && { refresh_token: this.issueRefreshToken(user, clientId) }),
      ...(scopes.includes('openid') && { id_token: await this.#tokens.idToken(user, clientId, tenantId, nonce) }),
      ...(this.#settings.entra && form.client_info && { client_info: clientInfo(user) }),
    }
  }

  issueRefreshToken(user: KnownUser, clientId: string): string {
    const token = this.#tokens.opaque('refresh')
    this.#refreshTokens.set(token, { user, clientId })
    return token
  }

  /** Refuses what has been issued to a user, or to all, from now on. */
  revoke(username?: string): void {
    for (const token of this.#refreshTokens.values()) token.retired ||= username === undefined || token.user.username === username
  }

  #clientOf({ form, headers }: TokenRequest): string {
    const clientId = form.client_id ?? basicCredentials(headers.get('authorization'))?.[0]
    if (!clientId) throw new Refusal('invalid_request', "AADSTS900144: The request body must contain the parameter 'client_id'.")
    return clientId
  }

  #mustProve({ form, headers }: TokenRequest): void {
    if (form.client_secret || form.client_assertion || basicCredentials(headers.get('authorization'))?.[1]) return
    throw new Refusal('invalid_client', 'AADSTS7000218: The request must contain a client_assertion or a client_secret.', 401)
  }

  async #code({ code = '', redirect_uri, code_verifier, scope }: TokenRequest['form'], clientId: string): Promise<Granted> {
    const issued = this.codes.get(code)
    const asked = (name: string) => issued?.query.get(name) ?? undefined
    if (!issued || issued.redeemed || asked('client_id') !== clientId || asked('redirect_uri') !== redirect_uri) {
      throw new Refusal('invalid_grant', 'AADSTS70008: The code is unknown, redeemed, or of another request.')
    }
    const challenge = asked('code_challenge')
    if (challenge && (!code_verifier || encodeBase64Url(await sha256(code_verifier)) !== challenge)) {
      throw new Refusal('invalid_grant', 'AADSTS50148: The code_verifier does not match the code_challenge.')
    }
    issued.redeemed = true
    return { user: issued.user, nonce: asked('nonce'), scope: scope ?? asked('scope') }
  }

  #refresh({ refresh_token = '' }: TokenRequest['form'], clientId: string): Granted {
    const held = this.#refreshTokens.get(refresh_token)
    if (!held || held.retired || held.clientId !== clientId) {
      throw new Refusal('invalid_grant', 'AADSTS50173: The refresh token is unknown, revoked, used up, or of another client.')
    }
    if (this.#settings.strictRotation) held.retired = true
    return { user: held.user }
  }

  #application(request: TokenRequest): Granted {
    this.#mustProve(request)
    if (multiTenants.includes(request.tenant)) throw new Refusal('invalid_request', 'AADSTS50059: The request names no tenant.')
    if (this.#settings.entra && !splitScopes(request.form.scope ?? '').every((scope) => scope.endsWith('/.default'))) {
      throw new Refusal('invalid_scope', 'AADSTS1002012: The scope of a client credentials request must end with /.default.')
    }
    return {}
  }

  #password({ username = '', password }: TokenRequest['form']): Granted {
    const user = this.#people.find(username)
    if (!user || !password || (user.password ?? password) !== password) {
      throw new Refusal('invalid_grant', 'AADSTS50126: The user name or the password is wrong.')
    }
    return { user }
  }

  #device({ device_code }: TokenRequest['form'], clientId: string): Granted {
    const flow = [...this.devices.values()].find((each) => each.deviceCode === device_code && each.clientId === clientId)
    const { outcome, expiresAt } = flow ?? {}
    if (!flow || outcome === 'used') throw new Refusal('invalid_grant', 'AADSTS70000: The device code is unknown or used up.')
    if (outcome === 'declined') throw new Refusal('authorization_declined', 'AADSTS70017: The person has declined.')
    if (Date.now() > expiresAt!) throw new Refusal('expired_token', 'AADSTS70020: The device code is over.')
    if (!outcome) throw new Refusal('authorization_pending', 'AADSTS70016: The person has not signed in yet.')
    flow.outcome = 'used'
    return { user: outcome, scope: flow.scope }
  }

  async #onBehalfOf(request: TokenRequest): Promise<Granted> {
    this.#mustProve(request)
    const { assertion = '', requested_token_use } = request.form
    if (requested_token_use !== 'on_behalf_of')
      throw new Refusal('invalid_request', 'AADSTS900144: requested_token_use must be on_behalf_of.')
    const claims = await this.#keys.verify(assertion)
    const user = this.#people.bySubject(claims?.sub)
    if (!claims || !user) throw new Refusal('invalid_grant', 'AADSTS50013: The assertion is not a token of a user, signed here.')
    if (Number(claims.exp) * 1000 < Date.now()) throw new Refusal('invalid_grant', 'AADSTS500133: The assertion is over.')
    return { user }
  }
}
