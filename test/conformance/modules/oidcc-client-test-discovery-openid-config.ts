import { completes } from '../runner.ts'

/** The provider's metadata say where everything is. */
export default completes()
