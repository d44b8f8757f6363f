import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

/** A request that arrived. */
export interface Hit {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: string
}

/** What a mood answers with. `query` holds its parameters. */
export type Mood = (response: ServerResponse, query: URLSearchParams) => void

export interface FaultServer {
  readonly origin: string
  /** Every request that arrived, in order. */
  readonly hits: Hit[]
  /** Connections made so far. */
  readonly connections: number
  /** Connections that are open. */
  readonly open: number
  /** Requests whose answer is neither complete nor given up. */
  readonly pending: number
  /** The URL that behaves badly in the way named, for instance `url('status', { status: '503', 'retry-after': '2' })`. */
  url(mood: string, query?: Record<string, string>): string
  close(): Promise<void>
}

const json = { 'content-type': 'application/json' }
const token = JSON.stringify({ access_token: 'at', token_type: 'Bearer', expires_in: 3599 })

function body(content: string | Uint8Array, headers: Record<string, string> = json): Mood {
  return (response, query) => response.writeHead(Number(query.get('status') ?? 200), headers).end(content)
}

function redirect(status: number): Mood {
  return (response, query) => response.writeHead(status, { ...json, location: query.get('to') ?? '/ok' }).end(token)
}

/** Writes for as long as somebody reads; the query's `mb` is the size in MiB. */
function huge(withLength: boolean): Mood {
  return (response, query) => {
    const chunk = Buffer.alloc(1 << 16, 0x20)
    let left = (Number(query.get('mb') ?? 300) << 20) / chunk.length
    response.writeHead(200, withLength ? { ...json, 'content-length': String(left * chunk.length) } : json)
    const write = () => {
      while (left-- > 0) if (!response.write(chunk)) return void response.once('drain', write)
      response.end()
    }
    write()
  }
}

const bombs = new Map<number, Buffer>()

/** So many MiB of blanks, compressed once. */
function bombOf(mb: number): Buffer {
  const bomb = bombs.get(mb) ?? gzipSync(Buffer.alloc(mb << 20, 0x20))
  bombs.set(mb, bomb)
  return bomb
}

/** The bad ways, by the last segment of the path. Most take `status` as a query parameter. */
export const moods: Readonly<Record<string, Mood>> = {
  ok: body(token),
  'stall-headers': () => {},
  'stall-body': (response) => response.writeHead(200, json).write('{"access_token":'),
  drip: (response) => {
    response.writeHead(200, json).write('{"access_token":"')
    const timer = setInterval(() => response.write('a'), 20)
    response.once('close', () => clearInterval(timer))
  },
  truncate: (response) => {
    response.writeHead(200, { ...json, 'content-length': String(token.length) }).write(token.slice(0, 10), () => response.destroy())
  },
  'truncate-chunked': (response) => {
    response.writeHead(200, json).write(token, () => response.destroy())
  },
  rst: (response) => (response.socket as Socket).resetAndDestroy(),
  'rst-body': (response) => {
    response.writeHead(200, json).write('{"a":', () => (response.socket as Socket).resetAndDestroy())
  },
  html: body('<!doctype html><title>Sign in to the hotel network</title>', { 'content-type': 'text/html' }),
  empty: body(''),
  'no-content': (response) => response.writeHead(204).end(),
  array: body('[{"access_token":"at"}]'),
  null: body('null'),
  number: body('42'),
  string: body('"access_token"'),
  'half-json': body(token.slice(0, -1)),
  bom: body(`\uFEFF${token}`),
  'bad-utf8': body(Buffer.concat([Buffer.from('{"access_token":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])),
  'cut-utf8': body(Buffer.concat([Buffer.from('{"access_token":"a"}'), Buffer.from([0xe2, 0x82])])),
  nested: body('['.repeat(100_000) + ']'.repeat(100_000)),
  'nested-object': body(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
  huge: huge(false),
  'huge-length': huge(true),
  'gzip-bomb': (response, query) => {
    const bomb = bombOf(Number(query.get('mb') ?? 100))
    response.writeHead(200, { ...json, 'content-encoding': 'gzip', 'content-length': String(bomb.length) }).end(bomb)
  },
  gzip: (response) => response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(token)),
  301: redirect(301),
  302: redirect(302),
  303: redirect(303),
  307: redirect(307),
  308: redirect(308),
  /** Answers with `status`, `body`, and every other parameter as a header. */
  status: (response, query) => {
    const { status = '200', body = '', ...headers } = Object.fromEntries(query)
    response.writeHead(Number(status), { ...json, ...headers }).end(body)
  },
}

/** A bad way with another status, and headers. */
export function refusing(mood: string, status: number, headers: Record<string, string> = {}): Mood {
  return (response, query) => {
    const writeHead = response.writeHead.bind(response)
    const withStatus = (_: number, more: Record<string, string> = {}) => writeHead(status, { ...more, ...headers })
    Object.assign(response, { writeHead: withStatus })
    moods[mood]!(response, query)
  }
}

/** A real server that misbehaves. `own` adds moods or replaces some. */
export async function startFaultServer(own: Readonly<Record<string, Mood>> = {}): Promise<FaultServer> {
  const hits: Hit[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let pending = 0
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://localhost')
    const hit: Hit = { method: request.method!, path: request.url!, headers: request.headers, body: '' }
    hits.push(hit)
    pending++
    response.once('close', () => pending--)
    try {
      for await (const chunk of request) hit.body += chunk
    } catch {
      return
    }
    const name = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
    const mood = own[name] ?? moods[name]
    if (mood) mood(response, url.searchParams)
    else response.writeHead(404).end()
  })
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const origin = `http://127.0.0.1:${await listen(server)}`
  return {
    origin,
    hits,
    get connections() {
      return connections
    },
    get open() {
      return sockets.size
    },
    get pending() {
      return pending
    },
    url: (mood, query = {}) => `${origin}/${mood}?${new URLSearchParams(query)}`.replace(/\?$/, ''),
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** An origin where nobody listens. */
export async function refusedOrigin(): Promise<string> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
