import { rejects } from '../runner.ts'

/** The id token is for this client and another one. */
export default rejects('audience_mismatch', 'token')
