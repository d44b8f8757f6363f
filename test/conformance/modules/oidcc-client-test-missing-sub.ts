import { rejects } from '../runner.ts'

/** The id token names nobody. */
export default rejects('id_token_invalid', 'token')
