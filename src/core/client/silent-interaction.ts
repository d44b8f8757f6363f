import { visibleIn } from '../cache/listing.ts'
import type { CachedToken } from '../cache/partition.ts'
import { ClientAuthError } from '../errors.ts'
import type { Interaction } from '../ports.ts'
import { redeemAnswer } from './auth-code.ts'
import type { Call, ClientContext } from './context.ts'
import { hintsOf } from './hints.ts'
import { ask } from './interactive.ts'
import { withSession } from './session.ts'
import type { Wanted } from './silent.ts'
import { freshToken } from './token-request.ts'

/** Signs a known account in again at the provider, which may ask the person nothing (OpenID Connect Core 3.1.2.1, `prompt=none`). */
export async function signInSilently(
  context: ClientContext,
  interaction: Interaction,
  { account, authority, scopes, claims }: Wanted,
  call: Call,
): Promise<CachedToken> {
  const { correlationId } = call
  const { homeAccountId } = account
  const known = () => visibleIn(context.memory.get({ user: homeAccountId }), 'Account', authority).length
  const before = known()
  const { extraQueryParameters } = call.options
  const { loginHint, sid } = await hintsOf(context, account)
  const hint = loginHint ?? account.username
  const request = {
    scopes,
    prompt: 'none',
    ...(hint && { loginHint: hint }),
    ...(claims !== undefined && { claimsChallenge: claims }),
    // Either names the session; the provider refuses both.
    extraQueryParameters: { ...extraQueryParameters, ...(!hint && sid && { sid }) },
  }
  return withSession(interaction, call, { prompt: 'none' }, async (session, signal) => {
    const { responseModes } = interaction
    const [flow, answer] = await ask(context, request, call, { session, responseModes, timeout: undefined, signal }, authority)
    const outcome = await redeemAnswer(context, flow, answer, call, {
      api: 169,
      authority,
      check(fresh) {
        if (fresh.homeAccountId !== homeAccountId)
          throw new ClientAuthError('account_mismatch', 'Another account is signed in at the provider.', { correlationId })
        if (before && !known())
          throw new ClientAuthError('account_mismatch', 'The account was removed while it was being signed in.', { correlationId })
      },
    })
    return freshToken(outcome)
  })
}
