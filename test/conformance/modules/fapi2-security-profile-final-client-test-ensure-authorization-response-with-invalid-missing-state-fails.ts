import { rejects } from '../runner.ts'

/** The authorization response has no state. */
export default rejects('state_mismatch', 'authorize')
