import { rejects } from '../runner.ts'

/** The id token has no nonce. */
export default rejects('nonce_mismatch', 'token')
