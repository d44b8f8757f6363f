import type { UserResult } from '../../src/core/index.ts'
import { type RelyingParty, scopes } from './runner.ts'

/** Uses the refresh token that is kept, however good the access token still is. */
export async function renew({ app }: RelyingParty, { account }: UserResult): Promise<UserResult> {
  const result = await app.acquireTokenSilentWithError({ scopes, account, forceRefresh: true })
  if (!result) throw new Error('There is no refresh token.')
  return result
}
