import { expect } from 'vitest'
import { completes } from '../runner.ts'
import { signOut } from '../sign-out.ts'

/** The session ends, and no state comes back. */
export default completes(async (party) => expect(await signOut(party)).toEqual({}))
