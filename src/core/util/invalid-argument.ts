import { ClientConfigurationError } from '../errors.ts'

/** What is thrown at an argument or option that cannot be right. */
export const invalidArgument = (message: string): ClientConfigurationError => new ClientConfigurationError('invalid_argument', message)
