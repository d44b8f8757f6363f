import { rejects } from '../runner.ts'

/** The id token names another issuer. */
export default rejects('issuer_mismatch', 'token')
