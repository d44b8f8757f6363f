import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from './provider.ts'

export type Endpoint = 'discovery' | 'jwks' | 'authorize' | 'token' | 'userinfo' | 'resource' | 'end_session'

/** A request as it arrived. */
export interface Incoming {
  method: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  form: URLSearchParams
}

export interface Reply {
  status?: number
  headers?: Record<string, string>
  json?: unknown
  html?: string
}

/** A provider that misbehaves as one module of the OpenID Foundation's suite says, on a socket of its own. */
export interface Emulator {
  /** Ends with a slash, as the suite's does. */
  readonly issuer: string
  /** The endpoints that were asked, in order. */
  readonly log: readonly Endpoint[]
  /** What was wrong with the client's requests. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

/** @param name the module's */
export async function startEmulator(name: string): Promise<Emulator> {
  const log: Endpoint[] = []
  const complaints: string[] = []
  let provider: Provider
  const server = createServer(async (request, response) => {
    try {
      const url = new URL(request.url!, provider.issuer)
      let body = ''
      for await (const chunk of request) body += chunk
      const endpoint = provider.endpointAt(url.pathname)
      if (!endpoint) throw new Error(`there is nothing at ${url.pathname}`)
      log.push(endpoint)
      const incoming = { method: request.method!, query: url.searchParams, headers: request.headers, form: new URLSearchParams(body) }
      send(response, await provider.answer(endpoint, incoming))
    } catch (error) {
      complaints.push((error as Error).message)
      send(response, { status: 400, json: { error: 'invalid_request', error_description: (error as Error).message } })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  provider = new Provider(name, `http://127.0.0.1:${(server.address() as AddressInfo).port}/test/a/${name}/`)
  return {
    issuer: provider.issuer,
    log,
    complaints,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function send(response: ServerResponse, { status = 200, headers = {}, json, html }: Reply): void {
  const type = html === undefined ? 'application/json' : 'text/html'
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers }).end(html ?? JSON.stringify(json) ?? '')
}
