import { rejects } from '../runner.ts'

/** The id token names no issuer. */
export default rejects('issuer_mismatch', 'token')
