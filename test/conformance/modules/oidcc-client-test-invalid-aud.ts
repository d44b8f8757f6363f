import { rejects } from '../runner.ts'

/** The id token is for another client. */
export default rejects('audience_mismatch', 'token')
