import type { Authority } from '../authority/authority.ts'
import { expectedIssuer } from '../authority/issuer.ts'
import type { Entity } from '../cache/entities.ts'
import type { TokenOutcome } from '../cache/token-event.ts'
import { readTokenEvent } from '../cache/user-event.ts'
import type { Grant } from '../grants/grant.ts'
import type { IdTokenExpectations } from '../oauth/id-token.ts'
import type { Bounds } from '../util/deadline.ts'
import { loaded } from '../util/loaded.ts'
import type { Call, ClientContext } from './context.ts'
import { exchangeGrant } from './token-request.ts'

export { freshToken } from './token-request.ts'

/** How an answer is judged and filed. */
export interface Filing {
  /** Whose tokens are renewed, and with which refresh token. */
  homeAccountId?: string
  heldToken?: Entity
  /** Of the user assertion that the tokens were got with. */
  assertionHash?: string
  /** Names the account where the answer does not. */
  username?: string
  /** Goes on being good where the answer brings no other. */
  refreshToken?: string
  expectations?: Omit<IdTokenExpectations, 'clientId'>
  /** Refuses what the id token's own checks let pass. Nothing is stored before. */
  inspect?: (outcome: TokenOutcome) => void
}

/** Gets a person's tokens by a grant, and stores them once they are checked. */
export function obtainTokens(
  context: ClientContext,
  authority: Authority,
  grant: Grant,
  call: Call,
  exchange: () => Bounds,
  { expectations, inspect, refreshToken, ...known }: Filing = {},
): Promise<TokenOutcome> {
  return exchangeGrant(context, authority, grant, call, exchange, {
    refreshToken,
    known,
    async read(event, metadata) {
      const outcome = readTokenEvent(event, { issuer: ({ tid }) => expectedIssuer(metadata, tid), ...expectations })
      const { idToken } = outcome.response
      if (idToken && context.options.verifyIdTokenSignature) {
        const { verifySignature } = await loaded(import('./verify-signature.ts'))
        await verifySignature(context, metadata, idToken, exchange)
      }
      inspect?.(outcome)
      return outcome
    },
  })
}
