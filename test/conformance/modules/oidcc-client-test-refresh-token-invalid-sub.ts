import { renew } from '../renew.ts'
import { rejects } from '../runner.ts'

/** The refreshed id token is of another person. */
export default rejects('account_mismatch', 'token', async (party) => renew(party, await party.signIn()))
