import { rejects } from '../runner.ts'

/** The id token has expired. */
export default rejects('id_token_invalid', 'token')
