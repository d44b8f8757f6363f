import { expect } from 'vitest'
import { postLogoutRedirectUri } from './registration.ts'
import type { RelyingParty } from './runner.ts'

export const state = 'the-state-of-the-end'

/** Signs in and out again; the parameters that the person comes back with. */
export async function signOut({ app, signIn, visit }: RelyingParty): Promise<Record<string, string>> {
  const { account } = await signIn()
  const url = await app.getLogoutUrl({ account, postLogoutRedirectUri, state })
  await app.removeAccount(account)
  const back = new URL((await visit(url)) as string)
  expect(back.origin + back.pathname).toBe(postLogoutRedirectUri)
  expect(await app.getAccounts()).toEqual([])
  return Object.fromEntries(back.searchParams)
}
