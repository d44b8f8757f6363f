import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type RedisConfigNodejs, Redis as Upstash } from '@upstash/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { expect } from 'vitest'
import { fromIoredis, fromNodeRedis, fromUpstash, type RedisScripting } from '../../src/redis/index.ts'
import { lacks } from '../support/require.ts'

export const withoutRedis = lacks('redis-server', present('redis-server'))

/** For an operation, where its bound is not what is tested: other work may keep the machine busy. */
export const timeout = 10_000

export function present(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface RedisServer {
  readonly port: number
  /** Whoever wants to look behind the store's back. */
  readonly raw: Redis
  start(): Promise<void>
  /** Ends it as a crash does; its content is lost. */
  kill(): Promise<void>
  /** Connections stay, answers don't come. */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

/** A Redis of its own on a free port. */
export async function startRedis(...options: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const port = await freePort()
  let child: ChildProcess
  const raw = new Redis({ port, lazyConnect: true, retryStrategy: () => 20, maxRetriesPerRequest: null })
  raw.on('error', () => {})
  const server: RedisServer = {
    port,
    raw,
    async start() {
      const address = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
      child = spawn('redis-server', [...address, '--save', '', '--appendonly', 'no', ...options], { stdio: 'ignore' })
      await raw.ping()
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async close() {
      raw.disconnect()
      await server.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

async function freePort(): Promise<number> {
  const server = createTcpServer()
  const { port } = await listening(server)
  server.close()
  await once(server, 'close')
  return port
}

export async function listening(server: Server): Promise<AddressInfo> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address() as AddressInfo
}

export interface Connection {
  client: RedisScripting
  close(): Promise<void>
}

export const connections: Record<string, (server: RedisServer) => Promise<Connection>> = {
  async redis({ port }) {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 20 } })
    await client.on('error', () => {}).connect()
    return { client: fromNodeRedis(client), close: async () => client.destroy() }
  },
  async ioredis({ port }) {
    const client = new Redis({ port, retryStrategy: () => 20 })
    client.on('error', () => {})
    return { client: fromIoredis(client), close: async () => client.disconnect() }
  },
  '@upstash/redis': (server) => connectUpstash(server),
}

export async function connectUpstash(server: RedisServer, options: Partial<RedisConfigNodejs> = {}): Promise<Connection> {
  const rest = createRest(server.raw)
  const { port } = await listening(rest)
  const url = `http://127.0.0.1:${port}`
  const client = new Upstash({ url, token: 'rest-token', retry: false, enableTelemetry: false, ...options })
  return {
    client: fromUpstash(client),
    async close() {
      rest.closeAllConnections()
      rest.close()
    },
  }
}

/** Upstash's REST interface in front of a Redis: a command is a JSON array, every text in an answer is base64. */
function createRest(raw: Redis) {
  const encode = (reply: unknown): unknown =>
    typeof reply === 'string' ? Buffer.from(reply).toString('base64') : Array.isArray(reply) ? reply.map(encode) : reply
  return createServer(async (request, response) => {
    const run = ([command, ...args]: [string, ...(string | number)[]]) =>
      raw.call(command, ...args).then(
        (reply) => ({ result: request.headers['upstash-encoding'] === 'base64' ? encode(reply) : reply }),
        ({ message }: Error) => ({ error: message }),
      )
    const body = JSON.parse(await text(request))
    if (request.url === '/pipeline') return response.end(JSON.stringify(await Promise.all(body.map(run))))
    const answer = await run(body)
    response.writeHead('error' in answer ? 400 : 200).end(JSON.stringify(answer))
  })
}

/** How often something was asked of a client. */
export function counting(client: RedisScripting): RedisScripting & { calls: number } {
  const counted = {
    calls: 0,
    eval(script: string, keys: string[], args: string[]) {
      counted.calls++
      return client.eval(script, keys, args)
    },
  }
  return counted
}

export const sleep = (time: number) => new Promise((resolve) => setTimeout(resolve, time))

/** Patient, because other work may keep the machine busy. */
export const poll = (look: () => unknown) => expect.poll(look, { timeout: 15_000 })
