import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { decodeJwt } from 'jose'
import { isAuthError } from '../../src/core/errors.ts'
import { challenge } from '../../src/edge/challenge.ts'
import { validateAccessToken } from '../../src/edge/validate-access-token.ts'
import { makeIdentity } from '../node/proxy-support.ts'

/** A service of Azure in one tenant, which checks every token as its owner would. */
export interface Service {
  handle(request: Request): Promise<Response>
  /** The tokens that it was called with, in their order; undefined for none. */
  readonly tokens: (string | undefined)[]
  /** Refuses the tokens that it has seen, as Continuous Access Evaluation does, and asks for newer ones. */
  revoke(): void
}

export interface ServiceOptions {
  /** The tenant's authority, at the provider of the tests. */
  authority: string
  tenantId: string
  audience: string
  answer(claims: Record<string, unknown>): Response
  /** To the provider. Default: the global one. */
  fetch?: typeof fetch
}

export const claimsAsked = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'

export function startService({ authority, tenantId, audience, answer, fetch: send = fetch }: ServiceOptions): Service {
  const tokens: (string | undefined)[] = []
  const revoked = new Set<string>()
  // As Azure Storage writes it: no quotes, no commas.
  const authorizationUri = `https://login.microsoftonline.com/${tenantId}/oauth2/authorize`
  const knock = () =>
    new Response('<?xml version="1.0"?><Error><Code>NoAuthenticationInformation</Code></Error>', {
      status: 401,
      headers: {
        'www-authenticate': `Bearer authorization_uri=${authorizationUri} resource_id=${audience}`,
        'content-type': 'application/xml',
      },
    })
  return {
    tokens,
    revoke() {
      for (const token of tokens) if (token) revoked.add(token)
    },
    async handle(request) {
      const token = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
      tokens.push(token)
      if (!token) return knock()
      if (revoked.has(token)) return challenge({ claims: claimsAsked, authority: authorizationUri })
      try {
        return answer(await validateAccessToken(token, { audience, authority, fetch: send }))
      } catch (error) {
        if (isAuthError(error) && error.name === 'ClientAuthError') return knock()
        throw error
      }
    },
  }
}

/** The blob, with what the SDK reads of its headers. */
export function blob(text: string): Response {
  const headers = {
    'content-type': 'text/plain',
    etag: '"0x1"',
    'last-modified': new Date().toUTCString(),
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-version': '2025-01-05',
  }
  return new Response(text, { headers: { ...headers, 'content-length': String(new TextEncoder().encode(text).length) } })
}

/** Serves over HTTPS: the SDK sends a token nowhere else. */
export async function serve(handle: (request: Request) => Promise<Response>) {
  const identity = makeIdentity()
  const server = createServer(identity, async (incoming, outgoing) => {
    const { status, headers, body } = await handle(requestOf(incoming))
    outgoing.writeHead(status, Object.fromEntries(headers))
    if (body) Readable.fromWeb(body as never).pipe(outgoing)
    else outgoing.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: identity.cert,
    close() {
      identity.remove()
      server.closeAllConnections()
      server.close()
    },
  }
}

const requestOf = ({ url, method = 'GET', headers }: IncomingMessage) =>
  new Request(`https://localhost${url}`, { method, headers: headers as Record<string, string> })

/** Who a token is for: a name, or the client. */
export const holder = (token: string | undefined) => {
  const { preferred_username: person, azp } = decodeJwt(token!)
  return person ?? azp
}
