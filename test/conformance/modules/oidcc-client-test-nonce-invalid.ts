import { rejects } from '../runner.ts'

/** The id token has another nonce than the request. */
export default rejects('nonce_mismatch', 'token')
