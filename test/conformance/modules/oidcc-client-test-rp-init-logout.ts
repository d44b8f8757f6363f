import { expect } from 'vitest'
import { completes } from '../runner.ts'
import { signOut, state } from '../sign-out.ts'

/** The session ends, and the state comes back. */
export default completes(async (party) => expect(await signOut(party)).toEqual({ state }))
