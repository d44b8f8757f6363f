import { completes } from '../runner.ts'

/** The id token is signed with RS256. */
export default completes()
