import { expect } from 'vitest'
import { signOut, state } from '../sign-out.ts'
import { completes } from '../runner.ts'

/** The session ends, and another state comes back: the application sees that it is not its own. */
export default completes(async (party) => expect(await signOut(party)).toEqual({ state: expect.not.stringContaining(state) }))
