import { NetworkError } from '../core/index.ts'

const patience = 10_000

/** Runs a task while it holds a Web Lock. The browser frees the lock of a tab that is closed or has crashed. */
export async function locked<T>(name: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const wait = new AbortController()
  const abort = () => wait.abort(new NetworkError('aborted', 'Waiting for the lock was aborted.', { cause: signal?.reason }))
  const timer = setTimeout(() => wait.abort(new NetworkError('timed_out', `The lock was not free within ${patience} ms.`)), patience)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  const stop = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  let begun = false
  try {
    return await navigator.locks.request(name, { signal: wait.signal }, () => {
      begun = true
      stop()
      return task()
    })
  } catch (error) {
    // A sandboxed frame, whose origin nobody shares, has no locks and needs none.
    if (begun || (error as Error)?.name !== 'SecurityError') throw error
    return await task()
  } finally {
    stop()
  }
}
