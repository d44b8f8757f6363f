import { isAuthError } from '../errors.ts'

/** An error that carries the correlation id of the request that it is about. */
export function withId(error: unknown, correlationId: string): unknown {
  if (isAuthError(error)) (error as { correlationId?: string }).correlationId ??= correlationId
  return error
}
