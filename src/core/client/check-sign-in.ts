import { ClientConfigurationError } from '../errors.ts'
import { checkClaims } from '../oauth/claims.ts'
import { checkScopes } from '../oauth/scopes.ts'
import type { InitiateAuthCodeFlowOptions } from '../options.ts'
import { checkExtraParameters } from './extra-parameters.ts'

/** Refuses what a sign-in cannot be asked for, before anything is begun. */
export function checkSignIn(options: InitiateAuthCodeFlowOptions): void {
  checkScopes(options.scopes, { empty: true })
  checkScopes(options.extraScopesToConsent, { empty: true, reservedToo: true })
  checkExtraParameters(options)
  checkClaims(options.claimsChallenge)
  const { maxAge } = options
  if (maxAge !== undefined && !(Number.isFinite(maxAge) && maxAge >= 0))
    throw new ClientConfigurationError('invalid_argument', 'maxAge must be a number.')
}
