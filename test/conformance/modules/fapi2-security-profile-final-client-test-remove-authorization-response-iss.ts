import { rejects } from '../runner.ts'

/** The provider promises to name itself in the authorization response, and does not. */
export default rejects('issuer_mismatch', 'authorize')
