import { ClientConfigurationError } from '../core/index.ts'
import { isRecord } from '../core/util/record.ts'

/** Refuses options that are none: what they were meant to say would be passed over in silence. */
export function checkOptions(options: object): void {
  if (!isRecord(options)) throw new ClientConfigurationError('invalid_argument', 'Options must be an object.')
}
