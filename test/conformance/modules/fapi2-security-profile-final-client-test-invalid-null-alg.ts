import { rejects } from '../runner.ts'

/** The id token is not signed. */
export default rejects('id_token_invalid', 'token')
