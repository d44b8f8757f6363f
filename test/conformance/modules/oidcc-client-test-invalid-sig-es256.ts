import { rejects } from '../runner.ts'

/** The id token's signature with ES256 is wrong. */
export default rejects('id_token_invalid', 'jwks')
