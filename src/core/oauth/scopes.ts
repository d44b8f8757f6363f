import { ClientConfigurationError } from '../errors.ts'
import { invalidArgument } from '../util/invalid-argument.ts'

/** Asked for by themselves, and not counted when scopes are compared. */
export const reserved: readonly string[] = ['openid', 'profile', 'offline_access']

/** Checks the scopes that a caller asks for. Microsoft's platform adds the reserved ones by itself. */
export function checkScopes(
  scopes: readonly string[] | undefined,
  { empty, reservedToo }: { empty?: boolean; reservedToo?: boolean } = {},
): readonly string[] {
  const list = scopes ?? []
  if (!Array.isArray(list) || !list.every((scope) => typeof scope === 'string' && /^[^\s"\\]+$/.test(scope))) {
    throw invalidArgument('scopes must be an array of words.')
  }
  if (!list.length && !empty) throw new ClientConfigurationError('scopes_empty', 'scopes is empty.')
  if (!reservedToo && list.some((scope) => reserved.includes(scope))) {
    throw new ClientConfigurationError('scopes_reserved', `${reserved} are always asked for.`)
  }
  return list
}

/** Splits a `scope` value (RFC 6749 section 3.3). */
export const splitScopes = (scope: string): string[] => scope.split(/\s+/).filter(Boolean)

/** One string for all orders and cases of the same scopes; reserved ones do not count, as providers name them or not at will. */
export function scopeKey(scopes: readonly string[]): string {
  if (scopes.length === 1) return scopes[0]!.toLowerCase()
  return [...new Set(scopes.map((scope) => scope.toLowerCase()))]
    .filter((scope) => !reserved.includes(scope))
    .sort()
    .join(' ')
}
