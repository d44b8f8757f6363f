import { decodeJwt } from '../oauth/jwt.ts'
import type { IdTokenClaims } from '../types.ts'
import { type Entity, text } from './entities.ts'

interface ClaimsProperty {
  enumerable: true
  configurable: true
  get(): IdTokenClaims | undefined
}

const properties = /* @__PURE__ */ new WeakMap<Entity, ClaimsProperty>()

/** The claims of a stored id token, decoded once; it was checked when it was stored. */
export const claimsOf = (idToken: Entity): IdTokenClaims | undefined => claimsProperty(idToken).get()

/** A property that gives them: one for all results, because to make another for each would be a fifth of what a hit costs. */
export function claimsProperty(idToken: Entity): ClaimsProperty {
  let property = properties.get(idToken)
  if (!property) {
    let claims: IdTokenClaims | undefined | null = null
    const get = () => {
      if (claims === null) claims = decodeJwt(text(idToken, 'secret'))?.claims as IdTokenClaims | undefined
      return claims
    }
    property = { enumerable: true, configurable: true, get }
    properties.set(idToken, property)
  }
  return property
}
