import { completes } from '../runner.ts'

/** The provider takes a secret in the `Authorization` header alone. */
export default completes()
