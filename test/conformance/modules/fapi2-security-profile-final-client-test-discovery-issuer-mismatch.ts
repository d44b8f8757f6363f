import { rejects } from '../runner.ts'

/** The metadata are those of another issuer. */
export default rejects('metadata_invalid', 'discovery')
