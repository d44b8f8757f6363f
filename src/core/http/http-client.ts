import { isAuthError, NetworkError, type NetworkErrorCode } from '../errors.ts'
import { type Bounds, withDeadline } from '../util/deadline.ts'

/** One exchange; its bounds cover connection, headers and body. */
export interface HttpRequest extends Bounds {
  method: 'GET' | 'POST'
  url: string
  headers?: Record<string, string> | undefined
  body?: URLSearchParams | string | undefined
  /** Of the decompressed body. Default 1 MiB. */
  maxBytes?: number | undefined
  /** Whether no HTTP cache may answer it, or keep its answer. Default: true of a POST, false of a GET. */
  noStore?: boolean | undefined
}

/** An answer of any status but a redirect. Of a 429 or a 5xx that has come the body may be missing: what cannot be read is left out. */
export interface HttpAnswer {
  status: number
  headers: Headers
  body: string
}

/** Sends one request; rejects with `NetworkError` only (or what `AuthError` a custom fetch throws). */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>

export function createSend(customFetch?: typeof fetch): Send {
  return (request) => withDeadline(request, async (signal) => readAnswer(await connect(request, signal, customFetch), request, signal))
}

// Where no connection came about nothing was sent: the words of Node and of Bun, and Deno's in its message.
const unsent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$/

async function connect(request: HttpRequest, signal: AbortSignal, customFetch?: typeof fetch): Promise<Response> {
  const { method, url, headers = {}, body = null, correlationId } = request
  const post = method === 'POST'
  const { noStore = post } = request
  // No cookie is wanted, and no framework may cache a token.
  const fields = { ...supported({ credentials: 'omit' }), ...(noStore && supported({ cache: 'no-store' })) }
  const init: RequestInit = { method, headers, body, signal, redirect: 'manual', ...fields }
  for (let last = !!customFetch; ; last = true) {
    try {
      // Looked up at each call: it may have been replaced since. Called without `this`, as workerd demands.
      return Object(await (customFetch ?? fetch)(url, init))
    } catch (error) {
      if (isAuthError(error)) throw error
      const { code, message, cause } = Object(error) as { code?: unknown; message?: unknown; cause?: { code?: unknown } }
      const word = String(cause?.code ?? code ?? '')
      if (last || signal.aborted || (post && !unsent.test(word) && !String(message).includes('(Connect)'))) {
        throw new NetworkError('unreachable', `${new URL(url).host} could not be reached.`, {
          correlationId,
          // The original may hold the request, or its URL in the message.
          cause: new Error(/^[A-Za-z_]{3,40}$/.test(word) ? word : 'fetch failed'),
        })
      }
    }
  }
}

async function readAnswer(response: Response, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { url, maxBytes = 1 << 20, correlationId } = request
  const { status, redirected } = response
  const fail = (what: string, code: NetworkErrorCode = 'bad_response') =>
    new NetworkError(code, `${new URL(url).host} answered with ${what}.`, { correlationId, status })
  try {
    const reader = response.body?.getReader?.()
    const cancel = () => reader?.cancel().catch(() => {})
    signal.addEventListener('abort', cancel)
    // A fetch that does not heed the signal may come too late.
    if (signal.aborted) cancel()

    // In a browser a redirect has status 0. It is never followed: the body may carry a credential.
    if (redirected || status < 200 || (status >= 300 && status < 400)) throw fail('a redirect')

    const headers = new Headers(response.headers)
    let body = ''
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      let size = 0
      const check = (bytes: number) => {
        if (bytes > maxBytes) throw fail(`more than ${maxBytes} bytes`, 'too_large')
      }
      const take = (chunk: Uint8Array) => {
        size += chunk.byteLength
        check(size)
        body += decoder.decode(chunk, { stream: true })
      }
      check(Number(headers.get('content-length')))
      if (reader) for (let part = await reader.read(); !part.done; part = await reader.read()) take(part.value)
      // Some adapters' responses have no stream.
      else take(new TextEncoder().encode(await response.text()))
      body += decoder.decode()
    } catch (error) {
      if (!(status === 429 || status >= 500)) throw error
      // These say enough without.
      body = ''
      cancel()
    }
    return { status, headers, body }
  } catch (error) {
    throw isAuthError(error) ? error : fail('a body cut off or not UTF-8')
  }
}

/** workerd throws on fields that it does not implement. */
function supported(field: RequestInit): RequestInit | undefined {
  try {
    return new Request('https://localhost', field) && field
  } catch {
    return undefined
  }
}
