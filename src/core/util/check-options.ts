import { ClientConfigurationError } from '../errors.ts'
import { checkTypes } from './check-types.ts'
import { isRecord } from './record.ts'

/** Refuses options that are none, or of another type than theirs; see {@link checkTypes}. */
export function checkOptions(options: object, wrong = /^$/): void {
  if (!isRecord(options)) throw invalid('Options must be an object.')
  checkTypes(options, wrong, invalid)
}

export const invalid = (message: string): ClientConfigurationError => new ClientConfigurationError('invalid_argument', message)
