import { rejects } from '../runner.ts'

/** The id token is signed with a secret, and not the client's. */
export default rejects('id_token_invalid', 'jwks')
