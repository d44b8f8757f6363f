import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { refusedOrigin } from '../../support/fault-server.ts'
import { makeIdentity, origin } from '../proxy-support.ts'
import { clientOn, failure, header, machine, resource, token } from './support.ts'

let ours: ReturnType<typeof makeIdentity>
let stranger: ReturnType<typeof makeIdentity>
beforeAll(() => {
  ours = makeIdentity()
  stranger = makeIdentity()
})
afterAll(() => {
  ours.remove()
  stranger.remove()
})

const thumbprintOf = ({ cert }: { cert: string }) => new X509Certificate(cert).fingerprint

function on(endpoint: string, thumbprint = thumbprintOf(ours)) {
  return machine({ IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header, IDENTITY_SERVER_THUMBPRINT: thumbprint })
}

/** The server of ours, and the secrets that reached it. */
async function start(handle: RequestListener = (_, response) => response.end(JSON.stringify(token()))) {
  const seen: (string | undefined)[] = []
  const url = await origin((request, response) => {
    seen.push(`${request.method} ${request.headers.host} ${request.url} ${request.headers.secret}`)
    handle(request, response)
  }, ours)
  return { url, seen }
}
/** A bare TLS server of ours. */
async function startTls(handle: (socket: TLSSocket) => void): Promise<number> {
  const server = createServer(ours, handle)
  server.on('connection', (socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
const ask = (endpoint: string, thumbprint?: string, options = {}) =>
  clientOn(on(endpoint, thumbprint)).acquireTokenForClient({ resource, ...options })

describe('the certificate of Service Fabric', () => {
  it.each<[string, (thumbprint: string) => string]>([
    ['as OpenSSL writes it', (thumbprint) => thumbprint],
    ['as Windows writes it', (thumbprint) => thumbprint.replaceAll(':', '')],
    ['in lower case', (thumbprint) => thumbprint.replaceAll(':', '').toLowerCase()],
    ['with spaces', (thumbprint) => ` ${thumbprint.replaceAll(':', ' ')} `],
  ])('is known by its thumbprint, whoever issued it: %s', async (_, write) => {
    const { url, seen } = await start()
    const result = await ask(`${url}/metadata/identity/oauth2/token`, write(thumbprintOf(ours)))
    expect(result).toMatchObject({ accessToken: 'at' })
    const query = new URLSearchParams({ 'api-version': '2019-07-01-preview', resource })
    expect(seen).toEqual([`GET ${new URL(url).host} /metadata/identity/oauth2/token?${query} ${header}`])
  })

  it('S69 of somebody else gets not a byte, and its connection is closed', async () => {
    let bytes = 0
    let end!: () => void
    const closed = new Promise<void>((resolve) => {
      end = resolve
    })
    const port = await startTls((socket) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length
      })
      socket.once('close', end)
    })
    const error = await failure(ask(`https://127.0.0.1:${port}/x`, thumbprintOf(stranger)))
    expect(error).toMatchObject({ name: 'NetworkError', code: 'bad_response' })
    await closed
    expect(bytes).toBe(0)
  })

  it.each(['', 'x', 'AB'.repeat(19), 'AB'.repeat(32), `${'AB'.repeat(19)}XY`])('has no thumbprint %j', async (thumbprint) => {
    const { url, seen } = await start()
    expect(await failure(ask(`${url}/x`, thumbprint))).toMatchObject({ name: 'ClientConfigurationError', code: 'invalid_argument' })
    expect(seen).toEqual([])
  })

  it('is compared even where the caller has a fetch', async () => {
    const { url, seen } = await start()
    const asked: unknown[] = []
    const fetch = async (input: unknown) => {
      asked.push(input)
      return Response.json(token())
    }
    const client = clientOn(on(`${url}/x`), { fetch })
    expect(await client.acquireTokenForClient({ resource })).toMatchObject({ accessToken: 'at' })
    expect(asked).toEqual([])
    expect(seen).toHaveLength(1)
  })
})

describe('Service Fabric over TLS', () => {
  it('refuses like the others', async () => {
    const body = JSON.stringify({ error: { code: 'ManagedIdentityNotFound', message: header } })
    const { url } = await start((_, response) => response.writeHead(404).end(body))
    const error = await failure(ask(`${url}/x`))
    expect(error).toMatchObject({ name: 'ServerError', error: 'invalid_client', status: 404 })
    expect(error.errorDescription).toBe(body.replace(header, '***'))
  })

  it.each<[string, RequestListener, string]>([
    ['HTML', (_, response) => response.end('<html>'), 'bad_response'],
    ['nothing', (_, response) => response.writeHead(204).end(), 'bad_response'],
    ['S34 a redirect', (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(), 'bad_response'],
    ['not modified', (_, response) => response.writeHead(304).end(), 'bad_response'],
    [
      'half a token',
      (_, response) => void response.writeHead(200, { 'content-length': 500 }).write('{', () => response.destroy()),
      'bad_response',
    ],
    ['no answer', (request) => request.socket.destroy(), 'unreachable'],
    ['too much', (_, response) => response.end(Buffer.alloc(2 << 20, 0x20)), 'too_large'],
  ])('answers with %s', async (_, handle, code) => {
    const { url, seen } = await start(handle)
    expect(await failure(ask(`${url}/x`))).toMatchObject({ name: 'NetworkError', code })
    expect(seen).toHaveLength(1)
  })

  it('S36 ends with the timeout, and its connection with it', async () => {
    let closed!: () => void
    const end = new Promise<void>((resolve) => {
      closed = resolve
    })
    const { url } = await start((request) => void request.socket.once('close', closed))
    const client = clientOn(on(`${url}/x`), { timeout: 300 })
    expect(await failure(client.acquireTokenForClient({ resource }))).toMatchObject({ code: 'timed_out' })
    await end
  })

  it('cannot be reached where nobody listens, or nobody speaks TLS', async () => {
    for (const place of [await refusedOrigin(), await origin((_, response) => response.end('{}'))]) {
      const error = await failure(ask(place.replace(/^http:/, 'https:')))
      expect(error).toMatchObject({ name: 'NetworkError', code: 'unreachable' })
    }
  })

  it('says why nobody could be reached', async () => {
    const place = (await refusedOrigin()).replace(/^http:/, 'https:')
    expect((await failure(ask(place))).cause).toMatchObject({ message: 'ECONNREFUSED' })
  })

  it('does not wait for a connection that has gone before the request', async () => {
    const digest = crypto.subtle.digest.bind(crypto.subtle)
    vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (name, data) => {
      if (name === 'SHA-1') await new Promise((resolve) => setTimeout(resolve, 300))
      return digest(name, data)
    })
    onTestFinished(() => void vi.restoreAllMocks())
    const port = await startTls((socket) => socket.destroy())
    expect(await failure(ask(`https://127.0.0.1:${port}/x`))).toMatchObject({ code: 'unreachable' })
  })
})
