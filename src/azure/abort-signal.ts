import { NetworkError } from '../core/errors.ts'
import type { AbortSignalLike } from './token-credential.ts'

/** Runs a task with a real signal in the place of one that may not be, as older clients of the Azure SDK pass it. */
export async function withSignal<T>(given: AbortSignalLike | undefined, task: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
  if (!given || given instanceof AbortSignal) return task(given)
  const controller = new AbortController()
  const abort = () => controller.abort()
  if (given.aborted) abort()
  given.addEventListener('abort', abort)
  try {
    return await task(controller.signal)
  } finally {
    given.removeEventListener('abort', abort)
  }
}

/** Waits for what somebody else does, no longer than the signal lets it. */
export async function unlessAborted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new NetworkError('aborted', 'The call was aborted.', { cause: signal!.reason }))
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort)
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
