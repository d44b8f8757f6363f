import { ClientConfigurationError } from '../errors.ts'
import type { RequestOptions } from '../options.ts'
import { checkTypes } from '../util/check-types.ts'
import { isRecord } from '../util/record.ts'

/** Of the options of calls; see {@link checkTypes}. */
const wrongTypes =
  /(Uri|[hH]int|^state|prompt|response(Mode|Type)|nonce|correlationId) (?!string)|claimsChallenge (?!string|object)|forceRefresh (?!boolean)|waitUntil (?!function)|(signal|account|Parameters) (?!object)/

/** Refuses options of a call that are of another type than theirs. What a call cannot do without is checked where it is read. */
export function checkCall(options: RequestOptions): void {
  if (!isRecord(options)) throw invalid('The options must be an object.')
  checkTypes(options, wrongTypes, invalid)
}

const invalid = (message: string) => new ClientConfigurationError('invalid_argument', message)
