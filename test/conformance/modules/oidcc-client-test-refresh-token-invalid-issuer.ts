import { renew } from '../renew.ts'
import { rejects } from '../runner.ts'

/** The refreshed id token names another issuer than the first. */
export default rejects('issuer_mismatch', 'token', async (party) => renew(party, await party.signIn()))
