import { type AnyAuthError, ClientConfigurationError, isAuthError } from '../errors.ts'

/** An error of ours as it is; anything else comes of an argument of the wrong type, or of a callback that threw. */
export const asAuthError = (error: unknown): AnyAuthError =>
  isAuthError(error) ? error : new ClientConfigurationError('invalid_argument', 'An argument is wrong.')

/** Runs the body of a public method, which rejects with an `AuthError` only and never throws. */
export async function guarded<T>(task: () => T | Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw asAuthError(error)
  }
}
