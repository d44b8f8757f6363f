import { expect } from 'vitest'
import { completes, signInAndAsk } from '../runner.ts'

/** The scopes that are asked for arrive, and their claims come back. */
export default completes(async (party) => {
  const { claims } = await signInAndAsk(party, { scopes: ['email', 'phone', 'address'] })
  expect(claims).toMatchObject({ email: expect.any(String), phone_number: expect.any(String), address: expect.any(Object) })
})
