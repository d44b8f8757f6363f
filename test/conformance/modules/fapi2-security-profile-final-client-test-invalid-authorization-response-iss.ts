import { rejects } from '../runner.ts'

/** The authorization response names another issuer. */
export default rejects('issuer_mismatch', 'authorize')
