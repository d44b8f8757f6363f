import { completes } from '../runner.ts'

/** A sign-in by code, and userinfo. */
export default completes()
