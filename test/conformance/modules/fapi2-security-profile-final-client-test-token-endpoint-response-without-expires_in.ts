import { expect } from 'vitest'
import { completes, scopes, signInAndAsk } from '../runner.ts'

/** The token response does not say how long the access token lives: it is taken for ten minutes. */
export default completes(async (party) => {
  const { result } = await signInAndAsk(party)
  expect(Math.abs(result.expiresOn.getTime() - Date.now() - 600_000)).toBeLessThan(10_000)
  expect(await party.app.acquireTokenSilent({ scopes, account: result.account })).not.toBeNull()
})
