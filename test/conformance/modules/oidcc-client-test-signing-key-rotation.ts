import { expect } from 'vitest'
import { completes, signInAndAsk } from '../runner.ts'

/** Between two sign-ins the keys change: the key set is fetched anew. */
export default completes(async (party) => {
  await signInAndAsk(party)
  await signInAndAsk(party)
  if (party.emulator) expect(party.emulator.log.filter((endpoint) => endpoint === 'jwks')).toHaveLength(2)
})
