/**
 * Skips that cannot hide: what a machine lacks is skipped by name, and `REQUIRE_ALL=1` (set in CI) turns the skip into a failure.
 *
 *   test.skipIf(lacks('python3-msal', await hasPythonMsal()))('…', …)
 */
export function lacks(what: string, present: boolean): boolean {
  if (present) return false
  if (process.env.REQUIRE_ALL === '1') throw new Error(`This machine lacks ${what}, and REQUIRE_ALL=1 forbids to skip.`)
  console.warn(`skipped: this machine lacks ${what}`)
  return true
}
