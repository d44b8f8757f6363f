import { expect } from 'vitest'
import { signOut, state } from '../sign-out.ts'
import { completes } from '../runner.ts'

/** The session ends, and no state comes back. */
export default completes(async (party) => expect(await signOut(party)).toEqual({}))
