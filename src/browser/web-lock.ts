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
  try {
    return await navigator.locks.request(name, { signal: wait.signal }, () => {
      stop()
      return task()
    })
  } finally {
    stop()
  }
}
