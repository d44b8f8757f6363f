import { expect } from 'vitest'
import { renew } from '../renew.ts'
import { completes } from '../runner.ts'

/** The access token is renewed twice, each time by the newest refresh token. */
export default completes(async (party) => {
  const first = await party.signIn()
  const second = await renew(party, first)
  const third = await renew(party, second)
  expect(new Set([first, second, third].map(({ accessToken }) => accessToken)).size).toBe(3)
  expect((await party.ask('userinfo', third.accessToken)).status).toBe(200)
})
