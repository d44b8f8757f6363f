import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A refresh that was asked for. */
export interface Refresh {
  user: string
  /** The `appName` of the process that asked. */
  process: string
  /** The refresh token had been used before, and there is no grace: refused. */
  reused: boolean
  /** When it came, in milliseconds since 1970. */
  at: number
}

const tenant = 'c0c0c0c0-1111-4111-8111-c0c0c0c0c0c0'
export const clientId = '0a0a0a0a-0000-4000-8000-00000000aaaa'
/** Another application of the same users. */
export const otherClientId = '5ba5ba5b-0000-4000-8000-00000000bbbb'
export const scopes = ['api://notes/Notes.Read']

/**
 * A token endpoint that knows nothing but refresh tokens, counts, and is quick: hundreds of users are renewed in a second. Every refresh
 * rotates. A refresh token that was used before is refused, or with `grace` honoured.
 */
export class RotatingProvider {
  readonly refreshes: Refresh[] = []
  /** What each user was given last. */
  readonly latest = new Map<string, { refreshToken: string; accessToken: string }>()
  grace = false
  /** Runs once a refresh has been done, before the answer goes out. */
  beforeAnswer: (refresh: Refresh) => unknown = () => {}
  #server = createServer((request, response) => this.#serve(request, response).catch(() => response.destroy()))
  #url = ''

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.#url = `http://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  get authority(): string {
    return `${this.#url}/${tenant}`
  }

  get tokenEndpoint(): string {
    return `${this.authority}/oauth2/v2.0/token`
  }

  refreshesOf(user: string): Refresh[] {
    return this.refreshes.filter((refresh) => refresh.user === user)
  }

  /** Issues tokens to a user: what the token endpoint answers. */
  issue(user: string, expiresIn = 3600, client = clientId) {
    const refreshToken = `rt ${user} ${randomUUID()}`
    const accessToken = `at ${user} ${randomUUID()}`
    if (client === clientId) this.latest.set(user, { refreshToken, accessToken })
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: `${this.authority}/v2.0`, aud: client, sub: `sub ${user}`, oid: user, tid: tenant, iat: now, exp: now + 3600 }
    return {
      token_type: 'Bearer',
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_in: expiresIn,
      scope: `openid profile ${scopes.join(' ')}`,
      id_token: `${encode({ alg: 'RS256' })}.${encode({ ...claims, preferred_username: `${user}@contoso.example` })}.c2ln`,
      client_info: encode({ uid: user, utid: tenant }),
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.endsWith('/.well-known/openid-configuration')) {
      const { authority, tokenEndpoint } = this
      return answer(response, 200, {
        issuer: `${authority}/v2.0`,
        authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        token_endpoint: tokenEndpoint,
        jwks_uri: `${authority}/keys`,
      })
    }
    const form = new URLSearchParams(await text(request))
    const given = form.get('refresh_token') ?? ''
    const user = given.split(' ')[1]
    if (form.get('grant_type') !== 'refresh_token' || !user) return answer(response, 400, { error: 'invalid_request' })
    await this.refresh(user, given, String(request.headers['x-app-name']), response)
  }

  /** Answers a refresh that a process asks for. */
  protected async refresh(user: string, given: string, process: string, response: ServerResponse): Promise<void> {
    const reused = given !== this.latest.get(user)?.refreshToken && !this.grace
    const refresh = { user, process, reused, at: Date.now() }
    this.refreshes.push(refresh)
    const body = reused ? { error: 'invalid_grant', error_description: 'The refresh token was used before.' } : this.issue(user)
    await this.beforeAnswer(refresh)
    answer(response, reused ? 400 : 200, body)
  }
}

export const answer = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

export const homeAccountId = (user: string): string => `${user}.${tenant}`

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
