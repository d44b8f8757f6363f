import { NetworkError } from '../errors.ts'
import { aborted } from './aborted.ts'
import { onAbort } from './on-abort.ts'

/** What bounds a wait. */
export interface Bounds {
  /** Milliseconds. */
  timeout: number
  signal?: AbortSignal | undefined
  correlationId?: string | undefined
}

/**
 * Waits for a task until its time is over or the caller's abort, even if the task heeds neither. No timer and no listener is left behind.
 *
 * @param task is told how to begin the time, anew when called again, and how many milliseconds to add
 */
export async function bounded<T>(bounds: Bounds, task: (time: (grace?: number) => void) => T | Promise<T>): Promise<T> {
  const { timeout, signal, correlationId } = bounds
  let timer: ReturnType<typeof setTimeout> | undefined
  let forget: (() => void) | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      const abort = () => reject(aborted(bounds))
      if (signal?.aborted) return abort()
      if (signal != null) forget = onAbort(signal, abort)
      const expire = () => reject(new NetworkError('timed_out', `No answer within ${timeout} ms.`, { correlationId }))
      const time = (grace = 0) => {
        clearTimeout(timer)
        // A longer timer would fire at once. In two halves: whoever stood still in one, suspended with the machine, has the other for what has come.
        const half = Math.min((timeout + grace) / 2, 0x7fffffff)
        timer = setTimeout(() => {
          timer = setTimeout(expire, half)
        }, half)
      }
      Promise.resolve(task(time)).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    forget?.()
  }
}

/** The same for one exchange. The signal that the task is given is aborted when it is no longer waited for or has failed. */
export async function withDeadline<T>(bounds: Bounds, task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const controller = new AbortController()
  try {
    return await bounded(bounds, (time) => {
      time()
      return task(controller.signal)
    })
  } catch (error) {
    controller.abort()
    throw error
  }
}
