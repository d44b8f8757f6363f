import { completes } from '../runner.ts'

/** The id token names its only audience in an array. */
export default completes()
