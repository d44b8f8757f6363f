import { completes } from '../runner.ts'

/** The key set has keys of kinds that nobody knows. */
export default completes()
