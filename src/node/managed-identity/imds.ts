import { type Bounds, type HttpAnswer, retryAfter, type Send } from './core-requests.ts'
import type { Machine } from './machine.ts'
import type { SourceRequest } from './sources.ts'

const tries = 3
/** Milliseconds before the second try; doubled before each further one. */
const firstPause = 1_000

/**
 * Asks the instance metadata service, again where its documentation says so: it updates itself (404, 410), is asked too often (429), or
 * fails for a moment (408, 5xx). All tries together end within the deadline of one exchange.
 *
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
 */
export async function askImds(machine: Machine, send: Send, request: SourceRequest, bounds: Bounds): Promise<HttpAnswer> {
  const deadline = Date.now() + bounds.timeout
  for (let attempt = 1, pause = firstPause; ; attempt++, pause *= 2) {
    const answer = await send({ ...request, ...bounds, timeout: Math.max(1, deadline - Date.now()) })
    const wait = Math.max(pause, retryAfter(answer.headers) ?? 0)
    if (attempt === tries || !passes(answer) || Date.now() + wait >= deadline) return answer
    await machine.sleep(wait)
  }
}

const passes = ({ status }: HttpAnswer) => [404, 408, 410, 429].includes(status) || status >= 500
