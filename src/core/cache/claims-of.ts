import { decodeJwt } from '../oauth/jwt.ts'
import type { IdTokenClaims } from '../types.ts'
import { type Entity, text } from './entities.ts'

const claims = /* @__PURE__ */ new WeakMap<Entity, IdTokenClaims | undefined>()

/** The claims of a stored id token, decoded once; it was checked when it was stored. */
export function claimsOf(idToken: Entity): IdTokenClaims | undefined {
  if (!claims.has(idToken)) claims.set(idToken, decodeJwt(text(idToken, 'secret'))?.claims as IdTokenClaims | undefined)
  return claims.get(idToken)
}
