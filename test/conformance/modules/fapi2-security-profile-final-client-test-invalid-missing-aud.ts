import { rejects } from '../runner.ts'

/** The id token does not say whom it is for. */
export default rejects('audience_mismatch', 'token')
