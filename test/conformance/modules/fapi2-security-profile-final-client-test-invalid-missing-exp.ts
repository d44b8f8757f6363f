import { rejects } from '../runner.ts'

/** The id token does not say when it expires. */
export default rejects('id_token_invalid', 'token')
