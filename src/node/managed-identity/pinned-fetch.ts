import type { TLSSocket } from 'node:tls'
import { ClientConfigurationError, NetworkError } from '../../core/index.ts'
import { platformModule } from '../platform.ts'

/**
 * A `fetch` for GET that trusts the one server whose certificate has this SHA-1 thumbprint, whoever issued it. Service Fabric's endpoint has a
 * certificate that it made itself. Not a byte of a request is written before the certificate has been compared. A connection that
 * is of no use ends with the signal.
 */
export function pinnedFetch(thumbprint: string): typeof fetch {
  const expected = thumbprint.replace(/[\s:]/g, '').toLowerCase()
  if (!/^[0-9a-f]{40}$/.test(expected)) {
    throw new ClientConfigurationError('invalid_argument', 'The environment variable IDENTITY_SERVER_THUMBPRINT holds no SHA-1 thumbprint.')
  }
  return async (input, init) => {
    const [http, tls, stream] = await platformModule('ManagedIdentityClient', () =>
      Promise.all([import('node:http'), import('node:tls'), import('node:stream')]),
    )
    const { hostname, port, pathname, search } = new URL(String(input))
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = tls.connect({ host, port: Number(port || 443), rejectUnauthorized: false })
    const signal = init?.signal
    const abort = () => socket.destroy()
    signal?.addEventListener('abort', abort)
    if (signal?.aborted) abort()
    socket.once('close', () => signal?.removeEventListener('abort', abort))
    await connected(socket)
    if ((await thumbprintOf(socket)) !== expected) {
      throw new NetworkError('bad_response', 'The certificate of the managed identity endpoint is not the one that its thumbprint names.')
    }
    // A request on a connection that has gone would never end.
    if (socket.destroyed) throw new Error('closed')
    return await new Promise<Response>((resolve, reject) => {
      const request = http.request({
        createConnection: () => socket,
        host,
        port: Number(port || 443),
        defaultPort: 443,
        path: pathname + search,
        headers: init?.headers as Record<string, string>,
      })
      request.once('error', reject)
      request.once('response', (incoming) => {
        const { statusCode: status = 0, headers } = incoming
        // A Response of these takes no body.
        const bodiless = [204, 205, 304].includes(status)
        const body = bodiless ? null : (stream.Readable.toWeb(incoming) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>)
        const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
        resolve(new Response(body, { status, headers: pairs }))
      })
      request.end()
    })
  }
}

function connected(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let reason = new Error('closed')
    // Heard for good: an error that nobody waits for any more would end the process.
    socket.on('error', (error) => {
      reason = error
    })
    socket.once('close', () => reject(reason))
    socket.once('secureConnect', resolve)
  })
}

async function thumbprintOf(socket: TLSSocket): Promise<string> {
  const { raw } = socket.getPeerCertificate()
  if (!raw) return ''
  const digest = await crypto.subtle.digest('SHA-1', new Uint8Array(raw))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
