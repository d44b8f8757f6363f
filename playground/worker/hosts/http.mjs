import { once } from 'node:events'
import { createServer } from 'node:http'

const longestBody = 100_000

/**
 * Serves a function from `Request` to `Response` over HTTP, on this machine only.
 *
 * @param {(request: Request) => Promise<Response>} answer
 * @param {{ port?: number, Request?: typeof globalThis.Request }} [options] `Request`: that of another realm
 * @returns {Promise<{ origin: string, close(): void }>}
 */
export async function listen(answer, { port = 0, Request = globalThis.Request } = {}) {
  const server = createServer(async (req, res) => {
    try {
      const response = await answer(await requestOf(req))
      res.statusCode = response.status
      for (const [name, value] of response.headers) if (name !== 'set-cookie') res.setHeader(name, value)
      res.setHeader('set-cookie', response.headers.getSetCookie())
      res.end(Buffer.from(await response.arrayBuffer()))
    } catch (error) {
      if (!(error instanceof BadRequest)) console.error(error)
      res.writeHead(error instanceof BadRequest ? 400 : 500).end()
    }
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://localhost:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`

  /** @param {import('node:http').IncomingMessage} req */
  async function requestOf(req) {
    // Not resolved: `//evil.example/` would name another host.
    const url = origin + req.url
    if (!req.url?.startsWith('/') || !URL.canParse(url)) throw new BadRequest()
    const headers = new Headers()
    for (const [name, values = []] of Object.entries(req.headersDistinct)) for (const value of values) headers.append(name, value)
    const { method = 'GET' } = req
    return new Request(url, { method, headers, ...(!['GET', 'HEAD'].includes(method) && { body: await bodyOf(req) }) })
  }

  function close() {
    server.close()
    server.closeAllConnections()
  }
  return { origin, close }
}

class BadRequest extends Error {}

/** @param {import('node:http').IncomingMessage} req */
async function bodyOf(req) {
  let body = ''
  for await (const chunk of req.setEncoding('utf8')) {
    body += chunk
    if (body.length > longestBody) throw new BadRequest()
  }
  return body
}
