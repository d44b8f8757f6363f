import { ClientConfigurationError, isAuthError, NetworkError } from '../errors.ts'
import { type Bounds, withDeadline } from '../util/deadline.ts'

const maxBytes = 64 * 1024

/**
 * Reads an answer that came as a form (OAuth 2.0 Form Post Response Mode). Anybody may post there: no more than 64 KiB are taken in, and
 * nobody is waited for longer than the bounds say.
 */
export async function readFormPost(request: Request, bounds: Bounds): Promise<URLSearchParams> {
  if (request.bodyUsed) throw new ClientConfigurationError('invalid_argument', 'The body of the response has been read already.')
  return withDeadline(bounds, async (signal) => {
    try {
      return new URLSearchParams(await readText(request, signal))
    } catch (error) {
      throw isAuthError(error) ? error : bad('could not be read')
    }
  })
}

async function readText(request: Request, signal: AbortSignal): Promise<string> {
  check(Number(request.headers.get('content-length')))
  const reader = request.body?.getReader?.()
  if (!reader) {
    // There is none, or the runtime does not give requests as streams.
    const text = await request.text()
    check(new TextEncoder().encode(text).length)
    return text
  }
  // Also when it turns out too long.
  signal.addEventListener('abort', () => void reader.cancel().catch(() => {}))
  const decoder = new TextDecoder()
  let size = 0
  let text = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength
    check(size)
    text += decoder.decode(part.value, { stream: true })
  }
  return text + decoder.decode()
}

function check(bytes: number): void {
  if (bytes > maxBytes) throw bad('is longer than 64 KiB')
}

const bad = (what: string) => new NetworkError('bad_response', `The authorization response ${what}.`)
