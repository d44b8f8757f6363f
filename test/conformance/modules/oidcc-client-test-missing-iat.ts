import { rejects } from '../runner.ts'

/** The id token does not say when it was issued. */
export default rejects('id_token_invalid', 'token')
