import { completes } from '../runner.ts'

/** The access token goes to userinfo in the `Authorization` header. */
export default completes()
