import { renew } from '../renew.ts'
import { rejects } from '../runner.ts'

/** The refreshed id token is for another client. */
export default rejects('audience_mismatch', 'token', async (party) => renew(party, await party.signIn()))
