import { rejects } from '../runner.ts'

/** No `kid`, and two keys that fit. The suite lets a client try each; the library does not guess. */
export default rejects('id_token_invalid', 'jwks')
