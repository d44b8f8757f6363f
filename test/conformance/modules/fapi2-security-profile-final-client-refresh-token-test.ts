import { expect } from 'vitest'
import { renew } from '../renew.ts'
import { completes } from '../runner.ts'

/** The resource refuses access tokens until two refresh tokens have been used. */
export default completes(async (party) => {
  let result = await party.signIn()
  let refusals = 0
  for (; (await party.ask('resource', result.accessToken)).status === 401; refusals++) result = await renew(party, result)
  expect(refusals).toBe(2)
})
