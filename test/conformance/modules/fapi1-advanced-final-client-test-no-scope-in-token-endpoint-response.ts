import { expect } from 'vitest'
import { completes, scopes, signInAndAsk } from '../runner.ts'

/** The token response names no scopes: they are those that were asked for. */
export default completes(async (party) => {
  const { result } = await signInAndAsk(party)
  expect(result.scopes).toEqual(expect.arrayContaining([...scopes]))
})
