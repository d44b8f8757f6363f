/** What `TokenCache.add` loads where no request has left it there. */
export { addEvent } from './add.ts'
