import { completes } from '../runner.ts'

/** The type of the token is `bEARER`. */
export default completes()
