import { renew } from '../renew.ts'
import { rejects } from '../runner.ts'

/** The refreshed id token was issued to another client. */
export default rejects('audience_mismatch', 'token', async (party) => renew(party, await party.signIn()))
