import { rejects } from '../runner.ts'

/** The id token's signature is wrong. */
export default rejects('id_token_invalid', 'jwks')
