import { claimsOf } from '../cache/claims-of.ts'
import { text } from '../cache/entities.ts'
import { visibleIn } from '../cache/listing.ts'
import type { AccountInfo, IdTokenClaims } from '../types.ts'
import type { ClientContext } from './context.ts'

/** What the provider knows an account and its session by, as the account's id token has it. */
export interface Hints {
  idToken?: string
  loginHint?: string
  sid?: string
}

/** The hints of an account; of what the cache knows of it, only this client's id token counts. */
export async function hintsOf({ clientId, memory, authority }: ClientContext, { homeAccountId: user }: AccountInfo): Promise<Hints> {
  await memory.current({ user })
  const idTokens = visibleIn(memory.get({ user }), 'IdToken', authority)
  const idToken = idTokens.find((entity) => entity.client_id === clientId)
  if (!idToken) return {}
  const { login_hint: loginHint, sid }: Partial<IdTokenClaims> = claimsOf(idToken) ?? {}
  return {
    idToken: text(idToken, 'secret'),
    ...(typeof loginHint === 'string' && { loginHint }),
    ...(typeof sid === 'string' && { sid }),
  }
}
