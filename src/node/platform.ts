import { ClientConfigurationError } from '../core/index.ts'

/** What a caller is told in a runtime that lacks the modules of Node.js. */
export function unsupported(user: string, cause?: unknown): ClientConfigurationError {
  return new ClientConfigurationError('environment_unsupported', `${user} needs Node.js, or a runtime with its modules.`, { cause })
}

/** Loads a module of the runtime when it is first needed, so that the entry can be imported anywhere. */
export async function platformModule<T>(user: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw unsupported(user, cause)
  }
}
