import type { RequestListener, Server } from 'node:http'
import type { Socket } from 'node:net'
import { ClientAuthError } from '../core/index.ts'
import { platformModule, unsupported } from './platform.ts'

/** Sockets open at once, over both address families. */
const maxConnections = 8
/** Milliseconds for a request's head, and again for its body and the answer. */
const exchangeTime = 10_000
/** Above what any list of cookies for `localhost` takes; the URL has its own limit. */
const maxHeaderSize = 64 * 1024
/** How often another free port is tried where only one address family has it free. */
const maxAttempts = 10

export interface LoopbackServer {
  readonly port: number
  /** Stops listening and drops every connection. */
  close(): void
}

/**
 * Listens on 127.0.0.1 and, where the machine has it, on [::1] with the same port: browsers resolve `localhost` to both without asking
 * the system, and a port left free on one of them could be taken by another program. No other address is ever bound.
 */
export async function listen(port: number, handle: RequestListener): Promise<LoopbackServer> {
  const http = await platformModule('loopback()', () => import('node:http'))
  for (let attempt = 1; ; attempt++) {
    const connections = guard()
    const open = async (address: Address) => {
      const server = http.createServer({ maxHeaderSize })
      server.on('connection', connections.admit)
      server.on('request', (request, response) => {
        connections.extend(request.socket)
        handle(request, response)
      })
      return await bind(server, address)
    }
    const first = await open({ host: '127.0.0.1', port }).catch((error) => Promise.reject(refusal(error, port)))
    const servers = [first]
    const close = () => {
      for (const server of servers) server.close()
      connections.dropAll()
    }
    try {
      const address = first.address()
      if (address === null || typeof address === 'string') throw unsupported('loopback()')
      const second = await open({ host: '::1', port: address.port, ipv6Only: true }).catch((error) => {
        if (errorCode(error) === 'EADDRINUSE') throw error
        return null
      })
      if (second !== null) servers.push(second)
      return { port: address.port, close }
    } catch (error) {
      close()
      if (port === 0 && errorCode(error) === 'EADDRINUSE' && attempt < maxAttempts) continue
      throw refusal(error, port)
    }
  }
}

type Address = { host: string; port: number; ipv6Only?: boolean }

function bind(server: Server, address: Address): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // Exclusive: workers of a cluster would share the socket, and with it the answers.
    server.listen({ ...address, exclusive: true }, () => {
      server.off('error', reject)
      server.on('error', () => {})
      resolve(server)
    })
  })
}

function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'syscall' in error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** Anything but an error of the system means that the runtime has the module but not what is behind it. */
function refusal(error: unknown, port: number): unknown {
  const code = errorCode(error)
  if (code === undefined) return error instanceof Error && 'action' in error ? error : unsupported('loopback()', error)
  const reason =
    code === 'EADDRINUSE'
      ? 'is in use; free it, or leave the port out to get a free one'
      : code === 'EACCES'
        ? 'may not be used by this program; leave the port out to get a free one'
        : `cannot be listened on (${code})`
  const name = port === 0 ? 'A free port' : `Port ${port}`
  return new ClientAuthError('interaction_failed', `${name} on the loopback interface ${reason}.`, { cause: error })
}

/** Bounds what the connections of one sign-in cost. */
function guard() {
  const timers = new Map<Socket, ReturnType<typeof setTimeout>>()
  return {
    admit(socket: Socket): void {
      // The oldest gives way: browsers open connections that they never use, and those must not keep the answer out.
      if (timers.size >= maxConnections) timers.keys().next().value?.destroy()
      const timer = setTimeout(() => socket.destroy(), exchangeTime)
      timers.set(socket, timer)
      socket.once('close', () => {
        clearTimeout(timer)
        timers.delete(socket)
      })
    },
    extend(socket: Socket): void {
      timers.get(socket)?.refresh()
    },
    dropAll(): void {
      for (const [socket, timer] of timers) {
        clearTimeout(timer)
        socket.destroy()
      }
      timers.clear()
    },
  }
}
