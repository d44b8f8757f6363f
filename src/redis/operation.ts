import { NetworkError } from '../core/index.ts'

/**
 * The one command that the store needs: `EVAL` of a Lua script. `HMGET` makes reading cheaper. Any other client fits with a few lines.
 *
 * @example
 * ```ts
 * const client: RedisScripting = {
 *   async eval(script, keys, args) {
 *     const body = JSON.stringify(['EVAL', script, keys.length, ...keys, ...args])
 *     const response = await fetch('https://redis.example/', { method: 'POST', body })
 *     return (await response.json()).result
 *   },
 * }
 * ```
 */
export interface RedisScripting {
  /** Resolves to the script's reply: a number, a string, null or an array of those. */
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
  /**
   * `HMGET`, for reading without a script, at about half the cost. It must ask the node that writes go to, and give texts as they are: leave it
   * out where a client may ask a replica, or takes answers for JSON. Resolves to a text or null for each field.
   */
  readHash?(key: string, fields: string[]): Promise<unknown>
}

/** Refusals that pass: of a server that has just begun, is no master yet or waits for a cluster to settle. */
const passing = ['LOADING', 'READONLY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN']

/**
 * Asks for something; for so many milliseconds again and again, where the connection fails or Redis has just begun. Each command gives the
 * same answer a second time, so that it does not matter whether it arrived before.
 *
 * What a client says of a failure may quote the command, and with it the tokens: nothing of it is passed on but its code.
 */
export async function send(patience: number, command: () => Promise<unknown>): Promise<unknown> {
  const end = performance.now() + patience
  for (let pause = 10; ; pause = Math.min(pause * 2, 100)) {
    try {
      return await command()
    } catch (error) {
      const { code, refusal } = reasonOf(error)
      const passes = !refusal || passing.includes(refusal)
      if (!passes || performance.now() + pause >= end) {
        const reason = code ?? refusal
        throw new NetworkError('unreachable', `Redis could not be asked${reason ? ` (${reason})` : ''}.`)
      }
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

/** A code of the system, such as ECONNREFUSED; or the first word of a refusal of Redis, such as NOAUTH; Upstash puts two before it. */
function reasonOf(error: unknown): { code?: string | undefined; refusal?: string | undefined } {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return {
    code: /^[A-Z][A-Z_]{1,24}$/.exec(String(code))?.[0],
    refusal: /^(?:Command failed: )?([A-Z]{2,24}) /.exec(String(message))?.[1],
  }
}

/**
 * Waits so many milliseconds for an operation, and no longer than the caller wants. What it comes to later is nobody's concern. In two
 * halves: a process that stood still in one has the other to find what has come meanwhile.
 */
export async function bounded<T>(operation: Promise<T>, timeout: number, signal?: AbortSignal): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = (): void => {}
  try {
    return await Promise.race([
      operation,
      new Promise<never>((_, reject) => {
        abort = () => reject(aborted(signal!))
        if (signal?.aborted) return abort()
        signal?.addEventListener('abort', abort)
        const end = () => reject(new NetworkError('timed_out', `Redis did not answer within ${timeout} ms.`))
        timer = setTimeout(() => {
          timer = setTimeout(end, timeout / 2)
        }, timeout / 2)
      }),
    ])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

export function aborted(signal: AbortSignal): NetworkError {
  return new NetworkError('aborted', 'The call was aborted.', { cause: signal.reason })
}

/** Some clients give numbers as strings. */
export function integer(reply: unknown): number {
  const number = typeof reply === 'string' && /^\d{1,15}$/.test(reply) ? Number(reply) : reply
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) throw garbage()
  return number
}

/** Every text is sent behind a letter, so that no client takes it for JSON, a number or a byte order mark. */
export function text(reply: unknown, letter: string): string {
  if (typeof reply !== 'string' || !reply.startsWith(letter)) throw garbage()
  return reply.slice(letter.length)
}

export function garbage(): NetworkError {
  return new NetworkError('bad_response', 'Redis answered something else than it was asked.')
}
