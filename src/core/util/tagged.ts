import { withId } from './with-id.ts'

/** Runs a task whose errors are to carry a correlation id. */
export function tagged<T>(correlationId: string, task: () => T): T {
  try {
    return task()
  } catch (error) {
    throw withId(error, correlationId)
  }
}
