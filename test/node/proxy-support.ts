import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface Identity {
  key: string
  cert: string
  /** The path of the certificate. */
  file: string
}

/** A self-signed certificate for `localhost`, made with openssl. */
export function makeIdentity(): Identity & { remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  const [keyFile, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext'.split(' ')
  execFileSync('/usr/bin/openssl', [...args, 'subjectAltName=DNS:localhost', '-keyout', keyFile, '-out', file], { stdio: 'pipe' })
  const remove = () => rmSync(folder, { recursive: true })
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(file, 'utf8'), file, remove }
}

/** Starts a server for this test and resolves to its port. */
async function serve(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** An HTTP or HTTPS origin on `localhost`. */
export async function origin(handle: RequestListener, identity?: Identity): Promise<string> {
  const server = identity ? createSecureServer(identity, handle) : createServer(handle)
  return `http${identity ? 's' : ''}://localhost:${await serve(server)}`
}

/** Reads a request's body. */
export async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of incoming) text += chunk
  return text
}

/** A proxy that tunnels and forwards. `seen` holds a line per request, with its credentials. `silent` never answers a CONNECT. */
export async function proxy({ password, silent = false, identity }: { password?: string; silent?: boolean; identity?: Identity } = {}) {
  const seen: string[] = []
  const allowed = (incoming: IncomingMessage) => {
    const [, encoded] = incoming.headers['proxy-authorization']?.split('Basic ') ?? []
    const given = encoded && Buffer.from(encoded, 'base64').toString()
    seen.push(`${incoming.method} ${incoming.url}${given ? ` ${given}` : ''}`)
    return password === undefined || given === password
  }
  const forward: RequestListener = (incoming, response) => {
    if (!allowed(incoming)) return response.writeHead(407).end()
    const { 'proxy-authorization': _, ...headers } = incoming.headers
    const onward = request(incoming.url ?? '', { method: incoming.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    incoming.pipe(onward)
  }
  const server = identity ? createSecureServer(identity, forward) : createServer(forward)
  server.on('connect', (incoming, socket, head) => {
    socket.on('error', () => {})
    if (!allowed(incoming)) return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')
    if (silent) return
    const { hostname, port } = new URL(`http://${incoming.url}`)
    const onward = connect(Number(port || 80), hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.write(head)
      socket.pipe(onward).pipe(socket)
    })
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  const port = await serve(server)
  return { seen, host: `localhost:${port}`, url: `http${identity ? 's' : ''}://localhost:${port}` }
}
