import { NetworkError } from '../core/errors.ts'

/**
 * Waits so many milliseconds for an operation, and no longer than the caller wants; none begins for a signal that is aborted already. What it
 * comes to later is nobody's concern. (Not the core's `withDeadline`, which would draw the core's HTTP part into every first load.)
 */
export async function bounded<T>(timeout: number, operation: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = (): void => {}
  const end = new Promise<never>((_, reject) => {
    abort = () => reject(new NetworkError('aborted', 'The call was aborted.', { cause: signal?.reason }))
    timer = setTimeout(() => reject(new NetworkError('timed_out', `No answer within ${timeout} ms.`)), timeout)
  })
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  try {
    return await Promise.race(signal?.aborted ? [end] : [operation(), end])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
