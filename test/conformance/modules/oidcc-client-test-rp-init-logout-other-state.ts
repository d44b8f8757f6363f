import { expect } from 'vitest'
import { completes } from '../runner.ts'
import { signOut, state } from '../sign-out.ts'

/** The session ends, and another state comes back: the application sees that it is not its own. */
export default completes(async (party) => expect(await signOut(party)).toEqual({ state: expect.not.stringContaining(state) }))
