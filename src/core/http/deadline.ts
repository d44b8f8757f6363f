import { NetworkError } from '../errors.ts'

/** What bounds a wait. */
export interface Bounds {
  /** Milliseconds. */
  timeout: number
  signal?: AbortSignal | undefined
  correlationId?: string | undefined
}

/**
 * Waits for a task until its deadline or the caller's abort, even if the task heeds neither. The signal that the task is
 * given is aborted when it is no longer waited for or has failed. No timer and no listener is left behind.
 */
export async function withDeadline<T>(
  { timeout, signal, correlationId }: Bounds,
  task: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = (): void => {}
  try {
    return await new Promise<T>((resolve, reject) => {
      abort = () => reject(new NetworkError('aborted', 'The call was aborted.', { correlationId, cause: signal!.reason }))
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort)
      // A longer timer would fire at once.
      timer = setTimeout(
        () => reject(new NetworkError('timed_out', `No answer within ${timeout} ms.`, { correlationId })),
        Math.min(timeout, 0x7fffffff),
      )
      Promise.resolve(task(controller.signal)).then(resolve, reject)
    })
  } catch (error) {
    controller.abort()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
