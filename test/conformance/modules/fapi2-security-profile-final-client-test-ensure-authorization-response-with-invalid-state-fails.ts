import { rejects } from '../runner.ts'

/** The authorization response has another state than the request. */
export default rejects('state_mismatch', 'authorize')
