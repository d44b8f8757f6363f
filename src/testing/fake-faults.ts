import type { FakeEndpoint } from './fake-home.ts'

/** What shall go wrong: see {@link FakeProvider.failNext}. */
export interface FakeFault {
  /** Which endpoint's next request. Default `token`. */
  endpoint?: FakeEndpoint
  /** An OAuth error, such as `invalid_grant`. */
  error?: string
  /** HTTP status. Default 400 with `error`, 200 with `body` alone. */
  status?: number
  /** The body: text as it is, an object as JSON; with `error`, its further fields, such as `suberror` or `claims`. */
  body?: string | Record<string, unknown>
  /** Headers of the answer. */
  headers?: Record<string, string>
  /** Milliseconds before the answer. Alone, the answer is the right one, late. */
  delay?: number
  /** The connection breaks, after `delay`. */
  lost?: boolean
  /** For so many requests. Default 1. */
  times?: number
}

/** The faults that wait for their requests. */
export class FakeFaults {
  readonly #waiting: (FakeFault & { left: number })[] = []

  add(fault: FakeFault): void {
    this.#waiting.push({ ...fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#waiting.length = 0
  }

  /** The fault for a request, which is one less to come. */
  take(endpoint: FakeEndpoint): FakeFault | undefined {
    const index = this.#waiting.findIndex((fault) => (fault.endpoint ?? 'token') === endpoint)
    const fault = this.#waiting[index]
    if (fault && --fault.left <= 0) this.#waiting.splice(index, 1)
    return fault
  }
}

/** The answer of a fault; undefined where it does no more than delay the right one. */
export function answerOf({ error, status, body, headers, lost }: FakeFault): Response | undefined {
  if (lost) return Response.error()
  if (error !== undefined) {
    const fields = typeof body === 'object' ? body : {}
    const init = { status: status ?? 400, headers: headers ?? {} }
    return Response.json({ error, error_description: `The fake provider was told to answer ${error}.`, ...fields }, init)
  }
  if (typeof body === 'object') return Response.json(body, { status: status ?? 200, headers: headers ?? {} })
  if (body === undefined && status === undefined && headers === undefined) return undefined
  return new Response(body ?? null, { status: status ?? 200, headers: headers ?? {} })
}

/** Waits; resolves to false as soon as the signal is aborted. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), milliseconds)
    const abort = () => {
      clearTimeout(timer)
      resolve(false)
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}
