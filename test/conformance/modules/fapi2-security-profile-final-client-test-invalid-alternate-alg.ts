import { rejects } from '../runner.ts'

/** The id token is well signed, but with an algorithm that the provider says it does not use. */
export default rejects('id_token_invalid', 'jwks')
