import type { IncomingMessage } from 'node:http'

const maxUrlLength = 16 * 1024
const maxBodyLength = 64 * 1024

/** The HTTP status of a request that is not the provider's answer. */
export type Refusal = 400 | 404 | 413 | 414

/**
 * Reads the provider's answer from a request to the redirect URI: `GET` with a query or `POST` with a form, the expected `state`, and
 * a `code` or an `error`, each parameter once (RFC 6749 section 3.1; OAuth 2.0 Form Post Response Mode).
 */
export async function readAnswer(request: IncomingMessage, state: string): Promise<URLSearchParams | Refusal> {
  const { url = '', method, headers } = request
  // A page elsewhere whose name was made to resolve to this machine (DNS rebinding) sends its own name.
  if (!isLoopbackHost(headers.host, request.socket.localPort)) return 400
  if (url.length > maxUrlLength) return 414
  const cut = url.indexOf('?')
  if ((cut < 0 ? url : url.slice(0, cut)) !== '/') return 404

  let text: string | Refusal
  if (method === 'GET') {
    if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) return 400
    text = cut < 0 ? '' : url.slice(cut + 1)
  } else if (method === 'POST') {
    if (cut >= 0 || !isForm(headers['content-type'])) return 400
    if (Number(headers['content-length'] ?? 0) > maxBodyLength) return 413
    text = await readBody(request)
  } else {
    return 404
  }
  if (typeof text === 'number') return text

  const parameters = new URLSearchParams(text)
  const names = [...parameters.keys()]
  if (new Set(names).size !== names.length) return 400
  if (!isSame(parameters.get('state') ?? '', state)) return 404
  return parameters.get('code') || parameters.get('error') ? parameters : 404
}

function isLoopbackHost(host: string | undefined, port: number | undefined): boolean {
  const names = ['localhost', '127.0.0.1', '[::1]']
  const given = host?.toLowerCase()
  return given !== undefined && names.some((name) => given === `${name}:${port}` || (port === 80 && given === name))
}

function isForm(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/x-www-form-urlencoded'
}

/** The time it takes does not tell how many characters agree. */
function isSame(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length
  for (let i = 0; i < given.length; i++) difference |= given.charCodeAt(i) ^ expected.charCodeAt(i % (expected.length || 1))
  return difference === 0 && expected !== ''
}

function readBody(request: IncomingMessage): Promise<string | Refusal> {
  return new Promise((resolve) => {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    let text = ''
    let length = 0
    const decode = (chunk?: Uint8Array) => {
      try {
        text += chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
      } catch {
        resolve(400)
      }
    }
    request.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length <= maxBodyLength) return decode(chunk)
      request.pause()
      resolve(413)
    })
    request.on('end', () => {
      decode()
      resolve(text)
    })
    request.on('error', () => resolve(400))
    request.on('close', () => resolve(400))
  })
}
