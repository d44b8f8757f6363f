import { isAuthError } from '../errors.ts'

/** Where several callers want the same work done. */
export interface Joint {
  attempt?: Attempt | undefined
  /** How often it has been done. */
  done?: number
}

interface Attempt {
  /** From then on nobody waits for it any longer. */
  overdueAt: number
  over?: boolean
  error?: unknown
}

const patience = 1000
const step = 10

/**
 * Does a piece of work once for all who want it at the same time; what it brings, it leaves where all can see it.
 *
 * Requests may share an isolate, as in workerd: there a promise of one request must not be awaited by another, and where a request ends
 * its work ends too, without a word. So who joins only looks at the outcome, by a timer of its own, and takes over after a second.
 */
export async function jointly(joint: Joint, task: () => Promise<void>): Promise<void> {
  const { attempt, done } = joint
  if (!attempt) return begin(joint, task)
  for (let waited = 0; !attempt.over && waited < patience && Date.now() < attempt.overdueAt; waited += step) await pause()
  // That the caller who came first has given up is no answer for the others.
  if (attempt.over && !isAuthError(attempt.error, 'aborted')) {
    if (attempt.error) throw attempt.error
    return
  }
  if (joint.attempt === attempt) joint.attempt = undefined
  // Another of those who waited may have been quicker.
  if (joint.done === done) await jointly(joint, task)
}

async function begin(joint: Joint, task: () => Promise<void>): Promise<void> {
  const attempt: Attempt = { overdueAt: Date.now() + patience }
  joint.attempt = attempt
  try {
    await task()
    joint.done = (joint.done ?? 0) + 1
  } catch (error) {
    attempt.error = error
    throw error
  } finally {
    attempt.over = true
    if (joint.attempt === attempt) joint.attempt = undefined
  }
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, step))
