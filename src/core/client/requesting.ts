/** What a public client loads for its first request; a confidential one has it at hand. */
export { acquireTogether, renew } from './flights.ts'
