import { completes } from '../runner.ts'

/** Neither the id token nor the one key has a `kid`: no other key can be meant. */
export default completes()
