import { reserved } from './scopes.ts'

/** The scopes to ask for: the caller's and the reserved ones, sorted. */
export const decorate = (scopes: readonly string[], excluded: readonly string[] = []): string[] =>
  [...new Set([...scopes, ...reserved])].filter((scope) => !excluded.includes(scope)).sort()
