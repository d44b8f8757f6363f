import { expect } from 'vitest'
import { completes, signInAndAsk } from '../runner.ts'

/** The keys change after the key set was fetched and before the id token is signed: the key set is fetched anew, once. */
export default completes(async (party) => {
  await signInAndAsk(party)
  // The suite's module is over by now; only a second sign-in begins with keys that are known.
  if (!party.emulator) return
  await signInAndAsk(party)
  expect(party.emulator.log.filter((endpoint) => endpoint === 'jwks')).toHaveLength(2)
})
