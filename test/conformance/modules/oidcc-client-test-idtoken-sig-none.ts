import { rejects } from '../runner.ts'

/** The id token is not signed. The suite lets a client accept that from the token endpoint; the library does not. */
export default rejects('id_token_invalid', 'token')
